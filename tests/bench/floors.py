"""What no job can beat: DuckDB doing the least there is to do with the same files.

`python -m tests.bench.floors table|memory|identifiers FILES FOLDER` runs one of them in this process.
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

IDENTIFIERS = """
    copy (
        select distinct identifier.type, identifier.value
        from (
            select unnest([
                {'type': 'user_id', 'value': "userId"},
                {'type': 'anonymous_id', 'value': "anonymousId"},
                {'type': 'email', 'value': traits.email}
            ]) as identifier
            from source
        )
        where identifier.value is not null
    ) to 'FOLDER/identifiers.parquet' (format parquet)
"""


def read_into_table(files: str, database: str) -> None:
    """Floor 1: every field of every event, as DuckDB reads it, in a table of `database`."""
    con = _connect(database)
    con.execute(f"create table events as select * from {_reader(files)}")
    con.close()


def write_identifiers(files: str, folder: Path) -> None:
    """Floor 2: the distinct (type, value) of all events in a Parquet file."""
    con = _connect(":memory:")
    con.execute(f"create view source as select * from {_reader(files)}")
    con.execute(IDENTIFIERS.replace("FOLDER", str(folder)))


def _connect(database: str) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect(database)
    con.execute("set threads = 2; set timezone = 'UTC'; set preserve_insertion_order = false")
    return con


def _reader(files: str) -> str:
    """The files as a table. JSON is read with its types given: finding them out is not the work measured."""
    if files.endswith(".parquet"):
        return f"read_parquet('{files}')"
    return f"""read_ndjson('{files}', columns = {{
        type: 'varchar', "messageId": 'varchar', "anonymousId": 'varchar', "userId": 'varchar',
        event: 'varchar', name: 'varchar',
        traits: 'struct(email varchar, "firstName" varchar, plan varchar, logins bigint)',
        properties: 'struct(product_id varchar, price double, quantity bigint, currency varchar,
            path varchar)',
        context: 'struct(ip varchar, locale varchar, library struct(name varchar, version varchar))',
        "timestamp": 'timestamp', "receivedAt": 'timestamp'}})"""


def main(kind: str, files: str, folder: Path) -> None:
    if kind == "identifiers":
        write_identifiers(files, folder)
    else:
        read_into_table(files, ":memory:" if kind == "memory" else str(folder / "floor.duckdb"))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
