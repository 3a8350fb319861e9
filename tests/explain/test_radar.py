"""What the radar finds: against counting everything anew, and in cases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.config import Rules, Space, load_space
from pipelines.space import Radar, Thresholds
from pipelines.steps.load import load
from pipelines.steps.progress import SILENT
from pipelines.steps.radar import radar
from pipelines.steps.resolve import resolve_batch
from pipelines.store import Store, open_store
from pipelines.store.ledger import advance, waiting
from tests.explain.stored import NOW, SPACE, write_batch
from tests.identity.cases import SHORT, _message, read_rules
from tests.identity.graphs import random_course, random_scenario
from tests.oracles import explainer
from tests.oracles.explainer import Used
from tests.oracles.radar import Finding, Watch
from tests.oracles.records import Message
from tests.oracles.resolver import Resolver

CASES = yaml.safe_load((Path(__file__).parents[1] / "cases" / "radar" / "found.yaml").read_text())
SPACE_FILE = "space: cases\nstore: warehouse.duckdb\ninputs: {events: ['*.jsonl']}\n"
FEW = Thresholds(profile_size=3, growth=1, bridge=1, shared=1)


Turns = list[tuple[Rules, list[Message]]]


def watched(folder: Path, turns: Turns, settings: list[Radar]) -> Iterator[Store]:
    """The store after each batch, resolved and looked at by the radar; the tables it does not need."""
    for number, ((rules, messages), how) in enumerate(zip(turns, settings, strict=True)):
        space = _space(folder, rules, how)
        write_batch(folder, number, messages)
        with open_store(space) as store:
            load(space, store, NOW + timedelta(days=number), SILENT)
            for batch in waiting(store, "loaded"):
                resolve_batch(space, store, batch)
                advance(store, batch, "materialized")
            radar(space, store)
            yield store


def _space(folder: Path, rules: Rules, how: Radar) -> Space:
    file = folder / "space.yaml"
    if not file.exists():
        (folder / "events").mkdir(parents=True)
        file.write_text(SPACE)
    return replace(load_space(file), identity=rules, radar=how)


def found(store: Store) -> set[Finding]:
    return set(
        store.execute(
            """
            select kind, p.profile, identifier_type, identifier_value, number
            from ops.radar left join state.profiles p using (segment_id)
            """
        ).fetchall()
    )


@pytest.mark.parametrize("seed", range(8))
def test_batch_by_batch_the_radar_finds_what_counting_everything_finds(seed: int, tmp_path: Path) -> None:
    turns = _random_turns(seed)
    stores = watched(tmp_path, turns, [Radar(FEW)] * len(turns))
    for expected, store in zip(_expected(turns), stores, strict=True):
        assert found(store) == expected
    space = _space(tmp_path, turns[-1][0], Radar(FEW))
    with open_store(space) as store:
        before = found(store)
        store.execute("delete from state.radar_looks")
        radar(space, store)
        # A bridge is looked for when identifiers change, and may by then be none any more, by messages alone.
        assert {one for one in found(store) ^ before if one[0] != "bridge"} == set()


def _random_turns(seed: int) -> Turns:
    return [
        (turn.rules, [m for m in turn.batch if any(value.strip() for _, value in m.mentions)])
        for turn in random_scenario(seed, random_course(seed))
    ]


def _expected(turns: Turns) -> Iterator[set[Finding]]:
    plain, watch = Resolver(turns[0][0]), Watch(FEW)
    messages: Used = []
    for rules, batch in turns:
        plain.rules = rules
        outcome = plain.resolve(batch)
        messages += explainer.used(rules, batch, outcome)
        yield watch.look(plain, outcome, messages)


def test_random_graphs_have_something_of_every_kind() -> None:
    kinds = Counter(
        kind for seed in range(8) for found in _expected(_random_turns(seed)) for kind, *_ in found
    )
    assert min(kinds.values()) >= 5
    assert set(kinds) == {"profile_size", "growth", "bridge", "shared"}


@pytest.mark.parametrize("case", CASES, ids=[case["title"] for case in CASES])
def test_a_case(case: dict[str, Any], tmp_path: Path) -> None:
    rules, settings = read_rules(case["rules"], tmp_path), Radar()
    turns: Turns = []
    course: list[Radar] = []
    time = datetime.fromisoformat("2024-01-01")
    for step in case["steps"]:
        if "rules" in step:
            rules = read_rules(step["rules"], tmp_path)
        elif "radar" in step:
            settings = _settings(step["radar"], tmp_path)
        else:
            batch = []
            for entry in step["batch"]:
                time += timedelta(minutes=1)
                batch.append(_message(entry, time))
            turns.append((rules, batch))
            course.append(settings)
    batches = [step for step in case["steps"] if "batch" in step]
    for step, store in zip(batches, watched(tmp_path / "store", turns, course), strict=True):
        assert [list(row) for row in store.execute(_FOUND).fetchall()] == [
            [_profile(store, cell) for cell in row] for row in step["found"]
        ]
        lines = dict(store.execute("select kind, line from ops.radar").fetchall())
        assert {kind: lines[kind] for kind in step.get("lines", {})} == step.get("lines", {})


_FOUND = """
    select kind, severity, segment_id, identifier_type, identifier_value, number, threshold
    from ops.radar
    order by severity, list_position(['profile_size', 'growth', 'bridge', 'shared'], kind)
"""


def _profile(store: Store, cell: Any) -> Any:
    """A cell that names a profile by one of its identifiers, as its segment id."""
    if not isinstance(cell, str) or "=" not in cell:
        return cell
    kind, _, value = cell.partition("=")
    return store.scalar(
        """
        select p.segment_id from state.identifiers join state.profiles p using (profile)
        where type = $type and value = $value
        """,
        {"type": SHORT.get(kind, kind), "value": value},
    )


def _settings(written: dict[str, Any], folder: Path) -> Radar:
    file = folder / "radar.yaml"
    file.write_text(SPACE_FILE + yaml.safe_dump({"checks": {"radar": written}}))
    return load_space(file).radar
