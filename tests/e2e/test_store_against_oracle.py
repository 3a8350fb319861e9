"""Random graphs through files, load and resolve: the store's own tables against the plain resolver.

The replay alone is judged in `tests/identity`; here the state is looked up and written with SQL.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipelines.config import load_space
from pipelines.steps.load import load
from pipelines.steps.progress import SILENT
from pipelines.steps.resolve import resolve_batch
from pipelines.store import Store, open_store
from pipelines.store.ledger import waiting
from tests.e2e.lines import lines, naming_somebody
from tests.e2e.shop import write_shop
from tests.identity.graphs import random_course, random_scenario
from tests.oracles.records import Outcome
from tests.oracles.resolver import Resolver

NOW = datetime.fromisoformat("2026-01-01")


@pytest.mark.parametrize(
    ("seed", "budget"), [*((seed, None) for seed in range(10)), *((seed, 1) for seed in range(10, 20))]
)
def test_a_random_graph_in_the_store(seed: int, budget: int | None, tmp_path: Path) -> None:
    """With a budget of one byte every batch is cut into as many parts as it has components."""
    course = random_scenario(seed, random_course(seed))
    scenario = [replace(turn, batch=naming_somebody(turn.batch)) for turn in course]
    plain = Resolver(scenario[0].rules)
    outcomes: list[Outcome] = []
    file = write_shop(tmp_path)
    for number, turn in enumerate(scenario):
        plain.rules = turn.rules
        outcomes.append(plain.resolve(turn.batch))
        (tmp_path / "events" / f"{number}.jsonl").write_text(lines(turn.batch))
        space = replace(load_space(file), identity=turn.rules)
        with open_store(space) as store:
            load(space, store, NOW + timedelta(days=number), SILENT)
            for batch in waiting(store, "loaded"):
                resolve_batch(space, store, batch, budget)
    with open_store(load_space(file)) as store:
        _compare(store, outcomes, plain)


def _compare(store: Store, outcomes: list[Outcome], plain: Resolver) -> None:
    def rows(sql: str) -> list[tuple[Any, ...]]:  # Any: cells of many types
        return store.execute(sql).fetchall()

    assert dict(
        rows("select message_id, profile from state.owners join state.messages using (batch, row)")
    ) == {message: owner for outcome in outcomes for message, owner in outcome.owners.items()}
    assert rows("select profile, canonical from state.profiles order by profile") == sorted(
        plain.canonical.items()
    )
    assert rows("select type, value, profile, mapped_at from state.identifiers order by type, value") == [
        (*identifier, plain.owner[identifier], plain.mapped_at[identifier])
        for identifier in sorted(plain.owner)
    ]
    assert rows(
        "select message_id, type, value, first_profile, place"
        " from state.identifiers join state.messages using (batch, ordinal) order by batch, ordinal, place"
    ) == [(m.message_id, *m.identifier, m.profile, m.place) for o in outcomes for m in o.mappings]
    assert rows(
        "select message_id, profile, canonical, place"
        " from state.merges join state.messages using (batch, ordinal) order by batch, ordinal, place"
    ) == [(m.message_id, m.profile, m.canonical, m.place) for o in outcomes for m in o.merges]
    assert rows(
        "select message_id, identifier_type, identifier_value, violated_type, reason, profile"
        " from ops.resolution_log left join state.profiles using (segment_id) order by all"
    ) == sorted(
        (
            (n.message_id, *(n.identifier or (None, None)), n.violated_type, n.reason, n.profile)
            for o in outcomes
            for n in o.log
        ),
        key=lambda row: [(cell is None, cell or "") for cell in row],
    )
