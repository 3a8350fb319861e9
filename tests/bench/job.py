"""The job on one workload: one process a step, as an operator would run them one after the other."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from functools import reduce
from operator import add
from pathlib import Path

from .measure import Cost, measure

NOW = "2026-04-02T00:00:00Z"
# the second half carries the batch of messages that `compute` made
STEPS = ("load", "resolve", "materialize", "compute", "resolve", "materialize")
DATED = ("load", "compute")  # the steps that open a batch, which has a time
FLOORS = ("table", "memory", "identifiers")


@dataclass(frozen=True, slots=True)
class Result:
    """What the steps and the floors cost on `events` events read from `form` files."""

    events: int
    form: str
    steps: tuple[tuple[str, Cost], ...]
    floors: dict[str, Cost]
    store_bytes: int

    @property
    def whole(self) -> Cost:
        return reduce(add, (cost for _, cost in self.steps))

    @property
    def identity(self) -> Cost:
        """The identity stage: the first `resolve`, over all events."""
        return dict(reversed(self.steps))["resolve"]


def prepare(cache: Path, events: int, form: str) -> Path:
    """The folder with the events, written now unless an earlier run has left it."""
    folder = cache / f"{events}-{form}"
    if not folder.exists():
        files = 8 if events > 2_000_000 else 2
        shutil.rmtree(folder.with_name(folder.name + ".part"), ignore_errors=True)
        command = [sys.executable, "-m", "tests.bench.workload", str(folder), str(events), str(files), form]
        measure(command, cache / "workload.log")
    return folder


def run(cache: Path, events: int, form: str) -> Result:
    """Measure the floors and then the job, from an empty store."""
    source = prepare(cache, events, form)
    work = cache / "work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    files = f"{source.resolve()}/*.{form}"
    floors = {}
    for floor in FLOORS:
        _warm(source)
        floors[floor] = measure(
            [sys.executable, "-m", "tests.bench.floors", floor, files, str(work)], work / f"{floor}.log"
        )
    (work / "floor.duckdb").unlink()
    space = work / "space.yaml"
    space.write_text(Path(__file__).with_name("space.yaml").read_text().replace("EVENTS", files))
    _warm(source)
    steps = tuple((step, _step(step, space)) for step in STEPS)
    size = sum(
        path.stat().st_size
        for path in work.rglob("*")
        if path.is_file() and path.suffix in (".duckdb", ".parquet")
    )
    shutil.rmtree(work)
    return Result(events, form, steps, floors, size)


def _step(step: str, space: Path) -> Cost:
    command = [sys.executable, "-c", "from pipelines.cli import main; main()", step, str(space)]
    return measure([*command, "--now", NOW] if step in DATED else command, space.parent / f"{step}.log")


def _warm(source: Path) -> None:
    """Read the files once: every measurement finds them in the page cache, none pays for the disk."""
    for path in source.iterdir():
        with path.open("rb", buffering=0) as stream:
            while stream.read(1 << 24):
                pass
