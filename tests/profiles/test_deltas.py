"""Deltas come to the same as a full build, whatever the batches; wide and many tables work."""

from __future__ import annotations

import random
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines import naming
from pipelines.config import load_space
from pipelines.profiles import accounts, current
from pipelines.steps.checks import names, violations
from pipelines.store import open_store
from tests.profiles.stories import found, opened, play

TABLES = (*current.TABLES, *accounts.TABLES)
ACCOUNT_COLUMNS = """
select column_name, lower(data_type) from duckdb_columns()
where schema_name = 'story' and table_name = 'account_traits' and column_index > 6
"""


@pytest.mark.parametrize("seed", range(6))
def test_current_state_by_deltas_is_that_of_a_full_build(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    store = play(tmp_path, [{"events": batch(chance, number)} for number in range(4)])
    with opened(store) as con:
        assert [name for name in names() if violations(con, name)] == []
        by_deltas = {table: rows(con, table) for table in TABLES}
        columns = dict(con.execute(ACCOUNT_COLUMNS).fetchall())
    with open_store(load_space(tmp_path / "space.yaml"), timedelta()) as opened_store:
        for table in TABLES:
            opened_store.execute(f"delete from {table}")
        of_accounts = accounts.statements(columns, full=True, widened=False)
        for statement in (*current.statements(full=True), *of_accounts):
            parameters = {"time": "2030-01-01"} if "$time" in statement.sql else {}
            opened_store.execute(statement, parameters)
        assert {table: rows(opened_store.con, table) for table in TABLES} == by_deltas


def rows(con: duckdb.DuckDBPyConnection, table: str) -> list[tuple[Any, ...]]:
    """All but the time of building."""
    has_time = table in ("id_graph", "profile_traits")
    return con.execute(
        f"select * {'exclude (etl_ts)' if has_time else ''} from {table} order by all"
    ).fetchall()


def batch(chance: random.Random, number: int) -> list[dict[str, Any]]:
    """Messages of a few people, with merges, removals, late times and traits of any type."""
    return [message(chance, f"{number}-{one}") for one in range(chance.randint(1, 25))]


def message(chance: random.Random, name: str) -> dict[str, Any]:
    when = f"2024-0{chance.randint(1, 9)}-0{chance.randint(1, 9)}T00:00:00Z"
    made: dict[str, Any] = {"type": "identify", "messageId": name, "timestamp": when}
    for key, letter, among in (("userId", "u", 6), ("anonymousId", "a", 12)):
        if key == "anonymousId" or chance.random() < 0.4:
            made[key] = f"{letter}{chance.randrange(among)}"
    values: list[Any] = [None, 1, 2.5, "x", True, {"b": 1}, {"b": None, "c": "y"}, [1]]
    made["traits"] = {chance.choice("apq"): chance.choice(values) for _ in range(chance.randrange(4))}
    if chance.random() < 0.3:
        made |= {"type": "group", "groupId": f"g{chance.randrange(4)}"}
        if chance.random() < 0.2:
            other = {"id": f"g{chance.randrange(4)}", "type": "group_id", "collection": "accounts"}
            made["context"] = {"externalIds": [{**other, "encoding": "none"}]}
    return made


def test_ten_thousand_properties_and_a_hundred_events(tmp_path: Path) -> None:
    wide = {f"Property {one}": one for one in range(10_000)}
    events = [
        {"type": "track", "event": f"Event {one}", "messageId": f"e{one}", "userId": "u"}
        for one in range(120)
    ]
    traits = {f"trait{one}": f"v{one}" for one in range(400)}
    store = play(
        tmp_path,
        [
            {
                "events": [
                    {"type": "track", "event": "Wide", "messageId": "w", "userId": "u", "properties": wide},
                    {"type": "identify", "messageId": "t", "userId": "u", "traits": traits},
                    *events,
                ]
            }
        ],
    )
    with opened(store) as con:
        assert found(con, "select property_0, property_9999 from wide") == [[0, 9999]]
        assert found(con, "select trait0, trait399 from profile_traits") == [["v0", "v399"]]
        assert found(con, "select count(*) from tracks") == [[121]]
        assert violations(con, "events_have_tables") == 0


@pytest.mark.parametrize("history", ["every_batch", "every_change"])
def test_a_thousand_traits_come_to_a_table_that_has_rows(tmp_path: Path, history: str) -> None:
    """So many that the tables are made anew; what they held is kept, and widened where need be."""
    few = {"trait7": 7, "Trait 8": "2024-01-01T00:00:00Z", "mine": "kept"}
    many = {**{f"trait{one}": f"v{one}" for one in range(1200)}, "Trait 8": "later"}
    days = [("m1", "u1", few, 1), ("m2", "u2", many, 2), ("m3", "u1", {"trait0": "x"}, 3)]
    batches = [
        {
            "history": history,
            "events": [
                {
                    "type": "identify",
                    "messageId": name,
                    "userId": user,
                    "traits": traits,
                    "timestamp": f"2024-01-0{day}T00:00:00Z",
                }
            ],
        }
        for name, user, traits, day in days
    ]
    store = play(tmp_path, batches)
    with opened(store) as con:
        assert found(con, "select mine, trait_8, trait7, trait0, trait1199 from profile_traits") == [
            ["kept", "2024-01-01T00:00:00Z", "7", "x", None],
            [None, "later", "v7", "v0", "v1199"],
        ]
        columns = con.execute("describe profile_traits_updates").fetchall()
        on_demand = [column[0] for column in columns[12:]]
        assert on_demand == ["mine", "trait7", "trait_8", *sorted(many.keys() - {"trait7", "Trait 8"})]
        assert found(con, "select snapshots from ops.batches order by batch") == [[1], [1], [1]]
        assert [column[2] for column in con.execute("describe profile_traits").fetchall()].count("NO") == 2


def test_objects_below_64_levels_are_text(tmp_path: Path) -> None:
    deep = [one * levels + "1" + "}" * levels for one in ['{"a":'] for levels in (63, 64, 65, 1000)]
    lists = '{"a":' + "[" * 1000 + "]" * 1000 + "}"
    lines = [
        f'{{"type":"identify","messageId":"m{number}","userId":"u{number}","traits":{traits}}}'
        for number, traits in enumerate([*deep, lists], 1)
    ]
    store = play(tmp_path, [{"events": lines}])
    with opened(store) as con:
        shorter, longer = ("_".join("a" * levels) for levels in (63, 64))
        assert con.execute(f"select a, {shorter}, {longer} from identifies order by id").fetchall() == [
            (None, 1, None),
            (None, None, "1"),
            (None, None, '{"a":1}'),
            (None, None, '{"a":' * 936 + "1" + "}" * 936),
            ("[" * 1000 + "]" * 1000, None, None),
        ]
        assert [name for name in names() if violations(con, name)] == []


def test_long_names_are_cut_and_kept_apart(tmp_path: Path) -> None:
    long = "Key " * 100
    traits = {f"{long}one": 1, f"{long}two": 2, "k" * 2**20: 3}
    track = {"type": "track", "event": long, "messageId": "e", "userId": "u", "properties": {long: 4}}
    store = play(
        tmp_path,
        [{"events": [{"type": "identify", "messageId": "i", "userId": "u", "traits": traits}, track]}],
    )
    with opened(store) as con:
        row = con.execute("select columns('^k.*') from profile_traits")
        heads = [column[0] for column in row.description or ()]
        assert sorted(row.fetchall()[0]) == [1, 2, 3]
        ((event, text),) = con.execute("select event, event_text from tracks").fetchall()
        assert (event, text) == (naming.table_name(long), long)
        assert found(con, f"select {event} from {event}") == [[4]]
        assert max(map(len, [*heads, event])) == naming.LONGEST_NAME - 1
        assert violations(con, "events_have_tables") == 0
