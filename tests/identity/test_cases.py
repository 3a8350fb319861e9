"""The written cases, played on the plain resolver and on the compiled replay."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import get_args

import pytest

from pipelines.identity import values
from pipelines.phones import e164
from pipelines.rules import IdentifierRule, Normalize, Rules, Window
from tests.identity.cases import Case, Graph, cases, play, profile_name, read_rules
from tests.identity.replayed import ReplayedGraph
from tests.oracles.records import (
    BLOCKED,
    NOBODY,
    OVER_LIMIT,
    OVER_MAPPINGS,
    OVER_MERGES,
    OVER_WINDOW,
    Message,
    Note,
    Outcome,
)
from tests.oracles.resolver import Resolver

CASES = list(cases())
START = datetime.fromisoformat("2024-01-01")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_the_plain_resolver_gives_what_a_case_expects(case: Case, tmp_path: Path) -> None:
    graph = Resolver(read_rules(case.rules, tmp_path))
    _compare(case, graph, play(case, graph, tmp_path))


def _compare(case: Case, graph: Graph, outcomes: list[Outcome]) -> None:
    owners = {
        message: profile_name(owner) for outcome in outcomes for message, owner in outcome.owners.items()
    }
    assert owners == case.owners
    assert [row for outcome in outcomes for row in _graph_rows(outcome)] == case.graph
    assert {profile_name(profile): held for profile, held in graph.holdings().items()} == case.profiles
    assert [note for outcome in outcomes for note in outcome.log] == case.log


def _graph_rows(outcome: Outcome) -> list[str]:
    """`<message> <profile> <canonical>` in the order of the messages; no message both creates and merges."""
    place = {message: number for number, message in enumerate(outcome.owners)}
    rows = [(place[row.message_id], row.message_id, row.profile, row.profile) for row in outcome.creations]
    rows += [(place[row.message_id], row.message_id, row.profile, row.canonical) for row in outcome.merges]
    rows.sort(key=lambda row: row[0])
    return [
        f"{message} {profile_name(profile)} {profile_name(canonical)}"
        for _, message, profile, canonical in rows
    ]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_the_replay_gives_what_a_case_expects(case: Case, tmp_path: Path) -> None:
    graph = ReplayedGraph(read_rules(case.rules, tmp_path))
    _compare(case, graph, play(case, graph, tmp_path))


@pytest.mark.parametrize("make", [Resolver, ReplayedGraph])
def test_r10_a_profile_with_1000_mappings_takes_no_more(make: type[Resolver] | type[ReplayedGraph]) -> None:
    graph = make(_wide())
    phones = tuple(("phone", f"p{number}") for number in range(999))
    graph.resolve([Message("full", START, (("user_id", "u1"), *phones))])
    outcome = graph.resolve([Message("one more", START, (("user_id", "u1"), ("anonymous_id", "a1")))])
    assert outcome.owners == {"one more": 1}
    assert outcome.mappings == []
    assert outcome.log == [Note("one more", ("anonymous_id", "a1"), None, OVER_MAPPINGS, 1)]


@pytest.mark.parametrize("make", [Resolver, ReplayedGraph])
def test_r11_a_profile_with_100_merges_takes_no_more(make: type[Resolver] | type[ReplayedGraph]) -> None:
    graph = make(_wide())
    graph.resolve([Message(f"m{number:03}", START, (("phone", f"p{number}"),)) for number in range(102)])
    joining = tuple(("phone", f"p{number}") for number in range(101))
    assert len(graph.resolve([Message("join", START, joining)]).merges) == 100
    outcome = graph.resolve([Message("bridge", START, (("phone", "p7"), ("phone", "p101")))])
    assert outcome.owners == {"bridge": 1}
    assert outcome.merges == []
    assert outcome.log == [Note("bridge", ("phone", "p101"), None, OVER_MERGES, 1)]


def test_the_cases_leave_no_window_normaliser_or_reason_out() -> None:
    rules = [
        entry
        for case in CASES
        for section in (case.rules, *(step["rules"] for step in case.steps if "rules" in step))
        for entry in (section or {}).get("identifiers", ())
    ]
    assert {entry.get("window", "ever") for entry in rules} == set(get_args(Window))
    assert {entry.get("normalize", "none") for entry in rules} == set(get_args(Normalize))
    assert {note.reason for case in CASES for note in case.log} == {
        BLOCKED,
        NOBODY,
        OVER_LIMIT,
        OVER_MAPPINGS,
        OVER_MERGES,
        OVER_WINDOW,
    }


def test_numbers_are_parsed_once_however_often_they_are_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed = []

    def counted(value: str, region: str | None) -> str:
        parsed.append(value)
        return e164(value, region)

    monkeypatch.setattr(values, "e164", counted)
    graph = ReplayedGraph(Rules((IdentifierRule("phone", 5, normalize="e164", region="US"),)))
    sent = ("(212) 555-0100", "212-555-0100", "+1 212 555 0100")
    graph.resolve([Message(f"m{n:03}", START, (("phone", sent[n % 3]),)) for n in range(300)])
    assert sorted(parsed) == sorted(sent)
    assert graph.holdings() == {1: {("phone", "+12125550100")}}


def _wide() -> Rules:
    """Limits so wide that only the published caps, 100 merges and 1,000 mappings, are ever reached."""
    return Rules(tuple(IdentifierRule(type_, limit=2000) for type_ in ("user_id", "phone", "anonymous_id")))
