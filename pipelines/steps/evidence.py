"""What the messages of some profiles say: which identifiers they carried together, as far as they were used.

Read from stored facts alone. `state` tells whose each message is and what each profile holds, the message
sets which identifiers a message carried, `ops.resolution_log` which of them were not used. It costs a scan
of one 8-byte column each of owners, profiles, identifiers and message sets, and of the identifier columns
where the profiles' messages lie.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import duckdb
import pyarrow as pa

from pipelines import sqlfiles
from pipelines.identity.links import Link
from pipelines.identity.values import normalised
from pipelines.naming import literal, quoted
from pipelines.rules import IdentifierRule, Rules

TABLES = ("wanted", "held", "stamped", "said", "linking")
"""The temporary tables that `gather` leaves, for more questions about the same profiles."""

Connection = duckdb.DuckDBPyConnection


class Identifier(NamedTuple):
    """A type and a value as it is stored."""

    type: str
    value: str

    def __str__(self) -> str:
        return f"{self.type}:{self.value}"


@dataclass(frozen=True, slots=True)
class Evidence:
    """The identifiers of some profiles, by code, with their profiles, and the links between them.

    `links` are in the order of their first messages; none is about two profiles.
    """

    identifiers: tuple[Identifier, ...]
    profiles: tuple[int, ...]
    links: tuple[Link, ...]

    def code(self, identifier: Identifier) -> int:
        """The code of an identifier that one of the profiles holds."""
        return self.identifiers.index(identifier)

    def named(self, codes: Iterable[int]) -> tuple[str, ...]:
        """`type:value` of each, the oldest first."""
        return tuple(str(self.identifiers[code]) for code in sorted(codes))


def gather(con: Connection, sets: Path, profiles: Iterable[int]) -> Evidence:
    """What the messages of these canonical profiles say; `sets` is the folder of the message sets."""
    con.execute(
        "create or replace temp table wanted as select unnest($profiles::bigint[]) as profile",
        {"profiles": list(profiles)},
    )
    for name in ("held", "stamped"):
        con.execute(sqlfiles.read(f"evidence/{name}.sql"))
    con.execute("create or replace temp table said (batch integer, row bigint, type varchar, value varchar)")
    batches = con.execute(sqlfiles.read("evidence/batches.sql")).fetchall()
    for rules, group in groupby(sorted(batches, key=lambda row: str(row[1])), key=lambda row: str(row[1])):
        parts = {str(part): batch for batch, _, name in group for part in (sets / name).glob("*.parquet")}
        _read_mentions(con, parts, Rules.from_text(rules))
    con.execute(sqlfiles.read("evidence/linking.sql"))
    held = con.execute(sqlfiles.read("evidence/identifiers.sql")).fetchall()
    links = con.execute(sqlfiles.read("evidence/links.sql")).fetchall()
    return Evidence(
        identifiers=tuple(Identifier(kind, value) for kind, value, _ in held),
        profiles=tuple(profile for _, _, profile in held),
        links=tuple(
            Link(tuple(codes), messages, (batch, ordinal)) for codes, messages, batch, ordinal in links
        ),
    )


def _read_mentions(con: Connection, parts: Mapping[str, int], rules: Rules) -> None:
    """Add to `said` what the wanted messages in these parts (path to batch) mention, normalised.

    Only messages that could link: one with a single identifier says nothing of two. A message addressed to
    a profile was not matched.
    """
    users = [rule for rule in rules.identifiers if rule.collection == "users"]
    if not parts or not users:
        return
    columns = [(literal(rule.type), quoted(f"id:{rule.type}")) for rule in users]
    pairs = ", ".join(f"{{'type': {kind}, 'value': {column}}}" for kind, column in columns)
    given = " + ".join(f"({column} is not null)::int" for _, column in columns)
    files = pa.table({"filename": list(parts), "batch": pa.array(parts.values(), pa.int32())})
    con.register("parts", files)
    con.execute(
        f"""
        create or replace temp table read_now as
        select p.batch, m.row, m.said.type as type, m.said.value as value
        from (
          select filename, row, unnest(list_concat([{pairs}], more)) as said
          from read_parquet($files, filename = true)
          where row in (select row from stamped) and addressee is null and ({given} > 1 or more is not null)
        ) m
        join parts p using (filename)
        semi join stamped s on s.batch = p.batch and s.row = m.row
        where m.said.value is not null and list_contains($types, m.said.type)
        """,
        {"files": list(parts), "types": [rule.type for rule in users]},
    )
    con.unregister("parts")
    con.register("spelled", _spelled(con, users))
    con.execute(
        """
        insert into said
        select r.batch, r.row, r.type, coalesce(s.value, r.value)
        from read_now r left join spelled s on s.type = r.type and s.raw = r.value
        """
    )
    con.unregister("spelled")
    con.execute("drop table read_now")


def _spelled(con: Connection, rules: Iterable[IdentifierRule]) -> pa.Table:
    """`type`, `raw`, `value`: how the values just read are stored, where their type is normalised."""
    text = pa.large_string()
    tables = [pa.table({name: pa.array([], text) for name in ("type", "raw", "value")})]
    for rule in rules:
        if rule.normalize != "none":
            distinct = con.sql(
                "select distinct value from read_now where type = $type", params={"type": rule.type}
            ).to_arrow_table()
            raw = distinct["value"].combine_chunks().cast(text)
            types = pa.array([rule.type] * len(raw), text)
            tables.append(pa.table({"type": types, "raw": raw, "value": normalised(raw, rule)}))
    return pa.concat_tables(tables)


def forget(con: Connection) -> None:
    """Drop the temporary tables of `gather`."""
    for table in TABLES:
        con.execute(f"drop table if exists temp.{table}")
