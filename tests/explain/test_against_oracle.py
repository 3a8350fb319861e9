"""Chains and cuts found in the store's facts, against an obvious search over the messages themselves."""

from __future__ import annotations

import os
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import pytest

from pipelines.config import Space
from pipelines.identity import joints
from pipelines.identity.links import Link, chain, joined_at
from pipelines.steps.evidence import Evidence, Identifier, gather
from pipelines.steps.places import places
from pipelines.steps.reading import reading
from pipelines.store.store import space_folder
from tests.explain.stored import store
from tests.identity.graphs import random_course, random_scenario
from tests.oracles import explainer
from tests.oracles.explainer import Used
from tests.oracles.resolver import Resolver

GRAPHS = int(os.environ.get("UNIFY_EXPLAINED", "12"))


@pytest.mark.parametrize("seed", range(GRAPHS))
def test_chains_and_cuts_of_a_random_graph(seed: int, tmp_path: Path) -> None:
    space, messages, plain = _played(seed, tmp_path)
    with reading(space) as con:
        sets = space_folder(space.store)
        for profile, held in plain.holdings().items():
            evidence = gather(con, sets, [profile])
            assert set(evidence.identifiers) == held
            names = {
                link.first: told.message_id
                for link in evidence.links
                for told in places(con, sets, [link.first]).values()
            }
            own = [(name, used) for name, used in messages if used & held]
            for one, other in permutations(evidence.identifiers, 2):
                _compare(evidence, names, own, one, other)
            _cut(evidence, own)


def _played(seed: int, folder: Path) -> tuple[Space, Used, Resolver]:
    """A random scenario in a store, what its messages carried that was used, and the plain resolver."""
    scenario = [
        replace(turn, batch=[m for m in turn.batch if any(value.strip() for _, value in m.mentions)])
        for turn in random_scenario(seed, random_course(seed))
    ]
    plain = Resolver(scenario[0].rules)
    messages: Used = []
    for turn in scenario:
        plain.rules = turn.rules
        messages += explainer.used(turn.rules, turn.batch, plain.resolve(turn.batch))
    return store(folder, [(turn.rules, turn.batch) for turn in scenario]), messages, plain


def _compare(
    evidence: Evidence, names: dict[tuple[int, int], str], own: Used, one: Identifier, other: Identifier
) -> None:
    ends = evidence.code(one), evidence.code(other)
    last = joined_at(evidence.links, *ends)
    count = explainer.joined_at(own, one, other)
    assert last is not None
    assert count is not None
    assert names[evidence.links[last].first] == own[count - 1][0]

    def named(links: tuple[Link, ...]) -> list[str]:
        return [names[links[place].first] for place in chain(links, *ends) or ()]

    assert named(evidence.links[: last + 1]) == explainer.shortest(own[:count], one, other)
    assert named(evidence.links) == explainer.shortest(own, one, other)


def _cut(evidence: Evidence, own: Used) -> None:
    size = len(evidence.identifiers)
    cut = joints.weakest(size, evidence.links)
    if cut is None:
        assert size < 2
        return
    # All combinations of more than a dozen messages are too many; the cut itself is checked all the same.
    linking = [(name, used) for name, used in own if len(used) > 1]
    if len(linking) <= 12:
        assert cut.messages == explainer.fewest(linking, set(evidence.identifiers))
    assert cut.messages == sum(evidence.links[place].messages for place in cut.links)
    for place, link in enumerate(evidence.links):
        if place not in cut.links:
            assert set(link.codes) <= cut.part or not cut.part.intersection(link.codes)


def test_random_graphs_have_chains_worth_finding(tmp_path: Path) -> None:
    """A generator of profiles that one message joins would prove nothing."""
    lengths = set()
    for seed in range(4):
        _, messages, plain = _played(seed, tmp_path / str(seed))
        for held in plain.holdings().values():
            own = [(name, used) for name, used in messages if used & held]
            lengths |= {len(explainer.shortest(own, *pair)) for pair in permutations(sorted(held), 2)}
    assert {1, 2, 3} <= lengths
