"""Stored messages read under other rules give the identifiers that a load under those would have found."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from pipelines.ingest.reread import reads_alike, reread
from pipelines.rules import IdentifierRule, Rules
from pipelines.wellknown import collection, locations
from tests.ingest.loading import NOW, Desk, identifiers
from tests.ingest.test_generated import CALL

Found = dict[str, tuple[dict[str, list[str]], list[str]]]


def rules(*types: str, **added: tuple[str, ...]) -> Rules:
    """Rules that declare these types; `added` are further places of some."""
    return Rules(
        tuple(
            IdentifierRule(
                kind, 5, locations=locations(kind, added.get(kind, ())), collection=collection(kind)
            )
            for kind in types
        )
    )


FEW = rules("user_id", "email")
MANY = rules("email", "user_id", "app_id", "anonymous_id", "group_id", "ios.id", "ios.idfa", "crm")
PLACED = rules("user_id", "email", "plan", email=("properties.email",), user_id=("traits.plan",))
PAIRS = [(FEW, MANY), (MANY, FEW), (MANY, PLACED), (FEW, rules("anonymous_id"))]


def found(desk: Desk, renewed: Rules | None = None) -> Found:
    """Identifiers by type and what was ignored, by message; after reading anew under other rules."""
    parts = [str(part) for part in sorted(desk.folder.glob("store.sets/messages-*/*.parquet"))]
    if renewed is not None:
        sources, parts = parts, [f"{part}.anew" for part in parts]
        with duckdb.connect() as con:
            for source, target in zip(sources, parts, strict=True):
                statement = reread(desk.rules, renewed, source, target, pq.read_schema(source).names)
                con.execute(statement.sql, dict(statement.params))
    with duckdb.connect() as con:
        rows = con.execute("from read_parquet($parts)", {"parts": parts})
        names = [column[0] for column in rows.description or ()]
        messages = [dict(zip(names, row, strict=True)) for row in rows.fetchall()]
    return {one["message_id"]: (identifiers(one), sorted(map(str, one["ignored"] or ()))) for one in messages}


def compare(folder: Path, old: Rules, new: Rules, put: Any) -> None:
    """Load what `put` puts into a desk under the old rules and under the new, and compare what both kept."""
    desks = []
    for name, chosen in (("old", old), ("new", new)):
        desk = Desk(folder / name, rules=chosen)
        desk.folder.mkdir()
        put(desk)
        desk.load(NOW)
        desks.append(desk)
    anew, fresh = found(desks[0], new), found(desks[1])
    assert anew
    expected = {message: fresh.get(message, ({}, [])) for message in anew}
    assert anew == expected


@pytest.mark.parametrize("pair", PAIRS)
@given(calls=st.lists(CALL, min_size=20, max_size=40))
# Each example loads twice: what fails is not shrunk.
@settings(max_examples=4, phases=(Phase.explicit, Phase.generate))
def test_calls_of_any_kind(pair: tuple[Rules, Rules], calls: list[dict[str, Any]]) -> None:
    # A top-level field that held no text is not kept: it cannot be told of if its type is declared later.
    lines = []
    for number, call in enumerate(calls):
        odd = {name for name in ("anonymousId", "groupId") if not isinstance(call.get(name), str)}
        kept = {name: value for name, value in call.items() if name not in odd}
        lines.append(json.dumps({**kept, "messageId": f"m{number}", "userId": f"u{number % 3}"}))

    def put(desk: Desk) -> None:
        desk.input("events", "*.jsonl")
        desk.put("a.jsonl", "\n".join(lines))

    with tempfile.TemporaryDirectory() as folder:
        compare(Path(folder), *pair, put)


def test_an_odd_user_id_is_still_told(tmp_path: Path) -> None:
    def put(desk: Desk) -> None:
        desk.input("events", "*.jsonl")
        desk.put("a.jsonl", '{"type":"page","messageId":"m","userId":{"a":1},"anonymousId":"a"}')

    compare(tmp_path, rules("user_id", "anonymous_id"), rules("anonymous_id", "user_id", "email"), put)


CSV = """\
userId,appId,app_id,E-Mail,crm,group_id,plan
u1,A,B,one@x.com,7,g1,p
,A,,two@x.com,007,,
u3,,,,,g3,
,,,three@x.com,,,
"""


@pytest.mark.parametrize("pair", PAIRS)
def test_profile_rows(pair: tuple[Rules, Rules], tmp_path: Path) -> None:
    def put(desk: Desk) -> None:
        desk.input("profiles", "*.csv", columns=(("E-Mail", "email"),))
        desk.put("a.csv", CSV)

    compare(tmp_path, *pair, put)


def test_a_cell_that_was_an_identifier_stays_as_it_stood_and_a_new_one_is_what_its_type_made_of_it(
    tmp_path: Path,
) -> None:
    desk = Desk(tmp_path, rules=rules("user_id", "card"))
    desk.input("profiles", "*.csv", types=(("card", "bigint"), ("till", "bigint")))
    desk.put("a.csv", "user_id,card,till\nu1,007,008\n")
    desk.load(NOW)
    ((ids, ignored),) = found(desk, rules("card", "till")).values()
    assert (ids, ignored) == ({"card": ["007"], "till": ["8"]}, [])


def test_a_column_that_an_older_version_did_not_write_is_null(tmp_path: Path) -> None:
    desk = Desk(tmp_path, rules=FEW)
    desk.input("profiles", "*.csv")
    desk.put("a.csv", CSV.replace("E-Mail", "email"))
    desk.load(NOW)
    (part,) = desk.folder.glob("store.sets/messages-*/*.parquet")
    pq.write_table(pq.read_table(part).drop_columns("times"), part)
    assert len(found(desk, MANY)) == 4
    assert pq.read_table(f"{part}.anew")["times"].null_count == 4


def test_only_types_and_places_make_a_difference() -> None:
    tighter = Rules(tuple(replace(rule, limit=1, window="daily") for rule in reversed(MANY.identifiers)))
    assert reads_alike(MANY, tighter)
    assert not reads_alike(FEW, MANY)
    assert not reads_alike(FEW, rules("user_id", "email", email=("properties.email",)))
