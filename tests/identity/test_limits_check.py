"""The check of limits after the fact: on random graphs it finds what a plain judge finds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

import duckdb
import pytest

from pipelines import sqlfiles
from pipelines.rules import Rules
from tests.identity.graphs import play, random_course, random_scenario
from tests.oracles.limits import Done, breaches
from tests.oracles.resolver import Resolver

TABLES = (
    "macros/seq",
    "tables/state/identifiers",
    "tables/state/profiles",
    "tables/state/merges",
    "tables/ops/batches",
    "tables/id_graph_updates",
)
NOW = datetime.fromisoformat("2026-01-01")


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """The tables that the check reads, empty."""
    with duckdb.connect() as con:
        con.execute("create schema state; create schema ops")
        for file in TABLES:
            con.execute(sqlfiles.statements(f"{file}.sql")[0])
        yield con


@pytest.mark.parametrize("seed", range(60))
def test_graphs_that_keep_their_rules_pass_and_others_fail_where_they_break_them(
    seed: int, con: duckdb.DuckDBPyConnection
) -> None:
    scenario = [replace(turn, removal=None) for turn in random_scenario(seed)]
    plain = Resolver(scenario[0].rules)
    outcomes = play(scenario, plain)
    done = [
        Done({message.message_id: message for message in turn.batch}, outcome, turn.rules)
        for turn, outcome in zip(scenario, outcomes, strict=True)
    ]
    con.execute("begin")
    _fill(con, done, plain)
    assert _found(con, [one.rules for one in done]) == breaches(done) == set()
    for other in range(3):
        rules = _other_rules(Random(seed), seed + other, len(done))
        judged = [replace(one, rules=other) for one, other in zip(done, rules, strict=True)]
        assert _found(con, rules) == breaches(judged)
    con.execute("rollback")


def test_the_judge_finds_breaches_of_every_kind() -> None:
    seen = set()
    for seed in range(60):
        scenario = [replace(turn, removal=None) for turn in random_scenario(seed)]
        outcomes = play(scenario, Resolver(scenario[0].rules))
        rules = _other_rules(Random(seed), seed, len(outcomes))
        batches = zip(scenario, outcomes, rules, strict=True)
        judged = [Done({m.message_id: m for m in turn.batch}, out, other) for turn, out, other in batches]
        for number, _, what in breaches(judged):
            limited = {rule.type: rule.window for rule in rules[number - 1].identifiers}
            seen.add(limited.get(what, what))
    assert seen == {"ever", "daily", "weekly", "monthly", "annually", "mapping_limit", "merge_limit"}


def _other_rules(random: Random, seed: int, count: int) -> list[Rules]:
    """Rules that a graph was not made under, for each batch."""
    tight = [
        replace(
            rules,
            identifiers=tuple(replace(rule, limit=random.randint(1, 2)) for rule in rules.identifiers),
            merge_limit=1,
            mapping_limit=random.randint(1, 4),
        )
        for rules in random_course(seed + 1000)
    ]
    return [tight[number % len(tight)] for number in range(count)]


def _found(con: duckdb.DuckDBPyConnection, rules: Sequence[Rules]) -> set[tuple[int, int, str]]:
    con.execute("delete from ops.batches")
    for number, one in enumerate(rules, 1):
        con.execute(
            "insert into ops.batches (batch, kind, stage, batch_time, rules, rules_hash, trait_history)"
            " values ($batch, 'files', 'materialized', $time, $rules, '', 'every_batch')",
            {"batch": number, "time": NOW + timedelta(days=number), "rules": one.text},
        )
    query = sqlfiles.statements("checks/limits_held_then.sql")[0]
    rows = con.execute(f"select batch, ordinal, type from ({query})").fetchall()
    return set(rows)


def _fill(con: duckdb.DuckDBPyConnection, done: Sequence[Done], plain: Resolver) -> None:
    """The tables as resolve and materialize leave them, as far as the check reads them."""
    for profile, canonical in plain.canonical.items():
        con.execute("insert into state.profiles values ($1, 'p' || $1, $2, 1, 0)", [profile, canonical])
    for batch, one in enumerate(done, 1):
        ordinals = {message_id: ordinal for ordinal, message_id in enumerate(one.outcome.owners)}
        for row in one.outcome.mappings:
            con.execute(
                "insert into state.identifiers values (0, $1, $2, $3, $4, $5, $5, $6, $7, $8)",
                [
                    *row.identifier,
                    plain.owner[row.identifier],
                    row.profile,
                    one.messages[row.message_id].timestamp,
                    batch,
                    ordinals[row.message_id],
                    row.place,
                ],
            )
        for moved in one.outcome.merges:
            place = [batch, ordinals[moved.message_id], moved.place]
            con.execute(
                "insert into state.merges values ($1, $2, $3, $4, $5)",
                [*place, moved.profile, moved.canonical],
            )
            con.execute(
                "insert into id_graph_updates select '', '', '', '', null, '', '', '', '', $4, $4, $4,"
                " state.seq($1, $2, $3)",
                [*place, one.messages[moved.message_id].timestamp],
            )
