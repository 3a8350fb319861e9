"""Run: everything that waits, in order; what `unify run` and the Dagster job do."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

import pyarrow as pa

from pipelines.config import Space
from pipelines.steps.compute import ComputeReport, compute
from pipelines.steps.load import LoadReport, load
from pipelines.steps.materialize import MaterializeReport, materialize
from pipelines.steps.progress import SILENT, Progress
from pipelines.steps.publish import PublishReport, publish
from pipelines.steps.radar import RadarReport, radar
from pipelines.steps.resolve import ResolveReport, resolve
from pipelines.steps.status import rules_used
from pipelines.store import Store, open_store
from pipelines.store.ledger import waiting

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class RunReport:
    """What a run did, step by step; resolve and materialize count what load and compute gave them."""

    load: LoadReport
    resolve: ResolveReport
    materialize: MaterializeReport
    compute: ComputeReport
    publish: PublishReport
    radar: RadarReport
    other_rules: int = 0
    """How many batches ran under other identity rules than the space file has now."""
    seconds: dict[str, float] = field(default_factory=dict)

    def as_dict(self) -> dict[str, object]:
        """JSON-ready."""
        steps = ("load", "resolve", "materialize", "compute", "publish")
        return {
            **{step: getattr(self, step).as_dict() for step in steps},
            "radar": self.radar.as_dict(),
            "other_rules": self.other_rules,
            "seconds": self.seconds,
        }


def run(space: Space, now: datetime, wait: timedelta = timedelta(), progress: Progress = SILENT) -> RunReport:
    """Take what is new through load, resolve, materialize, compute and publish.

    `now` (naive UTC) is the time of a batch that is opened; a batch that a killed run left keeps its own.
    """
    with open_store(space, wait) as store:
        return run_open(space, store, now, progress)


def run_open(space: Space, store: Store, now: datetime, progress: Progress = SILENT) -> RunReport:
    """`run` on a store that is open already."""
    clock = _Clock()
    # What a killed run left goes first, so that a batch never waits behind a later one.
    resolved, materialized = advance_batches(space, store, clock, progress)
    loaded = clock("load", lambda: load(space, store, now, progress))
    of_files = advance_batches(space, store, clock, progress)
    computed = clock("compute", lambda: compute(space, store, now, progress))
    of_traits = advance_batches(space, store, clock, progress)
    resolved, materialized = resolved + of_files[0] + of_traits[0], materialized + of_files[1] + of_traits[1]
    found = clock("radar", lambda: radar(space, store))
    published = clock("publish", lambda: publish(space, store, progress))
    other_rules = sum(used.batches for used in rules_used(store.con, space) if not used.current)
    return RunReport(loaded, resolved, materialized, computed, published, found, other_rules, clock.seconds)


def advance_batches(
    space: Space, store: Store, clock: _Clock | None = None, progress: Progress = SILENT
) -> tuple[ResolveReport, MaterializeReport]:
    """Resolve and materialize every batch that waits, one after the other, oldest first."""
    clock = clock or _Clock()
    materialized = clock("materialize", lambda: materialize(space, store, progress))
    resolved = ResolveReport()
    while waiting(store, "loaded"):
        resolved += clock("resolve", lambda: resolve(space, store, progress))
        materialized += clock("materialize", lambda: materialize(space, store, progress))
    return resolved, materialized


class _Clock:
    """Wall seconds by step."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def __call__(self, step: str, work: Callable[[], R]) -> R:
        started = time.perf_counter()
        result = work()
        # What a step has freed goes back to the system before the next one asks for its own.
        pa.default_memory_pool().release_unused()
        self.seconds[step] = round(self.seconds.get(step, 0.0) + time.perf_counter() - started, 3)
        return result
