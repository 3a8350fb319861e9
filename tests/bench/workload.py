"""Write the benchmark's event files: `python -m tests.bench.workload FOLDER EVENTS FILES jsonl|parquet`.

The same numbers give the same files under one version of DuckDB (whose `hash` the draws come from).
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

SEED = 7

# JSON is put together as text: a real export leaves out what is absent, DuckDB's own writer prints nulls
JSON_LINE = """
    '{"type":"' || type || '","messageId":"' || message_id || '"'
    || coalesce(',"anonymousId":"' || anonymous_id || '"', '')
    || coalesce(',"userId":"' || user_id || '"', '')
    || coalesce(',"event":"' || event || '"', '')
    || coalesce(',"name":"' || name || '"', '')
    || coalesce(',"traits":{"email":"' || email || '","firstName":"' || first_name || '","plan":"' || plan
        || '","logins":' || logins || '}', if(type = 'identify', ',"traits":{"logins":' || logins || '}', ''))
    || coalesce(',"properties":{"product_id":"' || product_id || '","price":' || price
        || ',"quantity":' || quantity || ',"currency":"' || currency || '"}', '')
    || coalesce(',"properties":{"path":"' || path || '"}', '')
    || ',"context":{"ip":"' || ip || '","locale":"' || locale
        || '","library":{"name":"bench","version":"1.0"}}'
    || ',"timestamp":"' || strftime(happened, '%Y-%m-%dT%H:%M:%S.%gZ')
    || '","receivedAt":"' || strftime(received_at, '%Y-%m-%dT%H:%M:%S.%gZ') || '"}'
"""
NESTED = """
    type, message_id as "messageId", anonymous_id as "anonymousId", user_id as "userId", event, name,
    if(type = 'identify', {'email': email, 'firstName': if(email is null, null, first_name),
        'plan': if(email is null, null, plan), 'logins': logins}, null) as traits,
    if(type = 'identify', null, {'product_id': product_id, 'price': price, 'quantity': quantity,
        'currency': currency, 'path': path}) as properties,
    {'ip': ip, 'locale': locale, 'library': {'name': 'bench', 'version': '1.0'}} as context,
    happened::timestamptz as "timestamp", received_at::timestamptz as "receivedAt"
"""


def write(folder: Path, events: int, files: int, form: str) -> None:
    """Write `files` files of together `events` events into `folder`, which must not exist yet."""
    work = folder.with_name(folder.name + ".part")
    work.mkdir(parents=True, exist_ok=True)
    con = duckdb.connect()
    con.execute("set timezone = 'UTC'; set preserve_insertion_order = true; set threads = 2")
    con.execute("set variable events = $events", {"events": events})
    con.execute("set variable seed = $seed", {"seed": SEED})
    for number in range(files):
        first, last = events * number // files, events * (number + 1) // files
        con.execute("set variable first = $first", {"first": first})
        con.execute("set variable last = $last", {"last": last})
        con.execute(Path(__file__).with_name("workload.sql").read_text())
        _copy(con, work / f"events-{number:02d}", form)
    work.rename(folder)


def _copy(con: duckdb.DuckDBPyConnection, stem: Path, form: str) -> None:
    if form == "parquet":
        con.execute(
            f"copy (select {NESTED} from events) to '{stem}.parquet' (format parquet, compression zstd)"
        )
        return
    # a separator and a quote that occur nowhere: the lines are written as they are
    dialect = r"format csv, header false, delimiter E'\x01', quote '', escape ''"
    con.execute(f"copy (select {JSON_LINE} as line from events) to '{stem}.jsonl' ({dialect})")


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
