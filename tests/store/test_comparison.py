"""What a rebuild under other rules reports: the written cases of two stores compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from pipelines import sqlfiles
from pipelines.steps.comparison import compare
from pipelines.store import Store

CASES = yaml.safe_load((Path(__file__).parents[1] / "cases" / "rebuild" / "changes.yaml").read_text())
Profiles = Mapping[str, Sequence[str]]


@pytest.fixture
def store() -> Iterator[Store]:
    """An empty store with another attached as the old one."""
    with duckdb.connect() as con:
        con.execute("attach ':memory:' as old_store")
        for catalog in ("old_store", "memory"):
            con.execute(f"use {catalog}")
            con.execute("create schema state")
            for table in ("identifiers", "profiles", "account_identifiers", "accounts"):
                con.execute(sqlfiles.statements(f"tables/state/{table}.sql")[0])
        yield Store(con, "main", Path(), Path())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["title"])
def test_a_comparison(case: dict[str, Any], store: Store) -> None:
    _fill(store, "old_store", case["before"])
    _fill(store, "memory", case["after"])
    found = compare(store)
    assert {name: count for name, count in found.profiles.items() if count} == case["profiles"]
    assert {name: count for name, count in found.identifiers.items() if count} == case["identifiers"]
    assert [list(row) for row in found.examples.rows] == case["examples"]
    profiles, identifiers = found.profiles, found.identifiers
    fates = ("unchanged", "renamed", "split", "merged", "altered", "gone")
    assert profiles["before"] == sum(profiles[fate] for fate in fates)
    assert identifiers["before"] == sum(identifiers[name] for name in ("kept", "moved", "dropped"))
    assert identifiers["after"] == sum(identifiers[name] for name in ("kept", "moved", "added"))


def test_accounts_are_compared_as_well(store: Store) -> None:
    for catalog, account in (("old_store", "acc_1"), ("memory", "acc_2")):
        store.execute(
            f"insert into {catalog}.state.accounts values (1, $account, 1, 1, 1, 'epoch', 'epoch')",
            {"account": account},
        )
        store.execute(
            f"insert into {catalog}.state.account_identifiers values"
            " (1, 'group_id', 'g1', 1, 'epoch', 'epoch', 1, 1, 0)"
        )
    assert compare(store).examples.rows == (("renamed", "acc_1", "acc_2", 1),)


def test_values_are_shown_only_when_asked_for(store: Store) -> None:
    _fill(store, "old_store", {"A": ["u1", "u2"]})
    _fill(store, "memory", {"A": ["u1"], "B": ["u2"]})
    assert compare(store, values=True).examples.rows[-1] == ("moved u u2", "A", "B", 1)


def _fill(store: Store, catalog: str, profiles: Profiles) -> None:
    """Profiles that hold identifiers; the type of one is its first letter."""
    for number, (segment_id, held) in enumerate(profiles.items()):
        store.execute(
            f"insert into {catalog}.state.profiles values ($number, $segment_id, $number, 1, 1)",
            {"number": number, "segment_id": segment_id},
        )
        for value in held:
            store.execute(
                f"insert into {catalog}.state.identifiers values"
                " (hash($value), $value[1], $value, $number, $number, 'epoch', 'epoch', 1, 1, 0)",
                {"value": value, "number": number},
            )
