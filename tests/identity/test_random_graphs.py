"""The compiled replay against the plain resolver, on thousands of random graphs.

Their batches come as they come: later ones have earlier events, and the plain resolver takes them in the
order of arrival too. `make test-full` plays 20,000, `UNIFY_GRAPHS=100000 pytest tests/identity` more; a seed
that fails is named.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.identity.graphs import (
    TAGS,
    Scenario,
    Turn,
    apart,
    play,
    random_course,
    random_scenario,
    scenarios,
    side_by_side,
)
from tests.identity.replayed import ReplayedGraph
from tests.oracles.records import Outcome
from tests.oracles.resolver import Resolver

GRAPHS = int(os.environ.get("UNIFY_GRAPHS", "2400"))
ALONE = GRAPHS // 6
PARTS = 8


@pytest.mark.parametrize("part", range(PARTS))
def test_random_graphs_come_out_alike(part: int) -> None:
    for seed in range(part, ALONE, PARTS):
        _compare(random_scenario(seed), f"seed {seed}")


@pytest.mark.parametrize("part", range(PARTS))
def test_random_graphs_side_by_side_come_out_as_if_alone(part: int) -> None:
    """Bulk: twenty graphs in the same batches must not notice each other."""
    for seed in range(ALONE + part * len(TAGS), GRAPHS, PARTS * len(TAGS)):
        course = random_course(seed)
        group = [random_scenario(seed + place, course) for place in range(len(TAGS))]
        found = play(side_by_side(group), ReplayedGraph(course[0]))
        for place, (scenario, tag) in enumerate(zip(group, TAGS, strict=True)):
            for expected, one in zip(play(scenario, Resolver(course[0])), apart(found, tag), strict=True):
                _alike(expected, one, f"seed {seed}, the {place}th of its group")


@given(scenarios())
@settings(max_examples=GRAPHS // 16, suppress_health_check=[HealthCheck.too_slow])
def test_drawn_graphs_come_out_alike(scenario: Scenario) -> None:
    _compare(scenario, "drawn")


@pytest.mark.parametrize("part", range(PARTS))
def test_batches_cut_in_order_of_time_come_out_as_one(part: int) -> None:
    for seed in range(part, GRAPHS // 12, PARTS):
        scenario = random_scenario(seed)
        random = Random(seed)
        _compare_cut(scenario, [random.random() for _ in range(random.randint(1, 5))], f"seed {seed}")


@given(scenarios(), st.lists(st.floats(0, 1), min_size=1, max_size=4))
@settings(max_examples=GRAPHS // 32, suppress_health_check=[HealthCheck.too_slow])
def test_drawn_batches_cut_in_order_of_time_come_out_as_one(scenario: Scenario, cuts: list[float]) -> None:
    _compare_cut(scenario, cuts, "drawn")


def test_random_graphs_reach_every_rule() -> None:
    """A generator that never breaks a limit would prove nothing."""
    seen: Counter[str] = Counter()
    for seed in range(200):
        scenario = random_scenario(seed)
        for outcome in play(scenario, Resolver(scenario[0].rules)):
            seen.update(note.reason for note in outcome.log)
            seen["merge"] += len(outcome.merges)
            seen["recursive merge"] += sum(
                count > 1 for count in Counter(m.message_id for m in outcome.merges).values()
            )
            seen["violated type other than the dropped one"] += sum(
                note.identifier is not None and note.violated_type not in (None, note.identifier[0])
                for note in outcome.log
            )
    assert min(seen.values()) >= 20, seen
    assert len(seen) == 9, seen


def _compare(scenario: Scenario, name: str) -> None:
    rules = scenario[0].rules
    plain, fast = Resolver(rules), ReplayedGraph(rules)
    expected, found = play(scenario, plain), play(scenario, fast)
    for number, (one, other) in enumerate(zip(expected, found, strict=True)):
        _alike(one, other, f"{name}, batch {number + 1}")
    assert plain.owner == fast.owner, name
    assert plain.mapped_at == fast.mapped_at, name
    assert plain.canonical == fast.canonical, name


def _compare_cut(scenario: Scenario, cuts: list[float], name: str) -> None:
    """All messages of a scenario as one batch, and cut into several along (timestamp, message id)."""
    rules = scenario[0].rules
    messages = [replace(message, addressee=None) for turn in scenario for message in turn.batch]
    messages.sort(key=lambda message: (message.timestamp, message.message_id.encode()))
    places = sorted(int(cut * len(messages)) for cut in cuts)
    pieces = [messages[a:b] for a, b in zip([0, *places], [*places, len(messages)], strict=True)]
    whole, cut = ReplayedGraph(rules), ReplayedGraph(rules)
    (expected,) = play([Turn(rules, None, messages)], whole)
    found = play([Turn(rules, None, piece) for piece in pieces], cut)
    together = Outcome(
        owners={message: owner for one in found for message, owner in one.owners.items()},
        creations=[row for one in found for row in one.creations],
        mappings=[row for one in found for row in one.mappings],
        merges=[row for one in found for row in one.merges],
        log=[row for one in found for row in one.log],
    )
    _alike(expected, together, name)
    assert cut.owner == whole.owner, name
    assert cut.mapped_at == whole.mapped_at, name
    assert cut.canonical == whole.canonical, name


def _alike(expected: Outcome, found: Outcome, name: str) -> None:
    assert found.owners == expected.owners, name
    assert found.creations == expected.creations, name
    assert found.mappings == expected.mappings, name
    assert found.merges == expected.merges, name
    assert found.log == expected.log, name
