"""The job on one workload: as one `unify run`, and once more step by step, a process each.

The whole job is what `unify run` costs. A process a step tells what each step needs of CPU and memory; that
adds up to more, because every process starts anew.
"""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from .measure import Cost, measure

NOW = "2026-04-02T00:00:00Z"
# the second half carries the batch of messages that `compute` made
STEPS = ("load", "resolve", "materialize", "compute", "resolve", "materialize")
DATED = ("run", "load", "compute")  # what opens a batch, which has a time
FLOORS = ("table", "memory", "identifiers")


@dataclass(frozen=True, slots=True)
class Result:
    """What the steps and the floors cost on `events` events read from `form` files."""

    events: int
    form: str
    whole: Cost
    steps: tuple[tuple[str, Cost], ...]
    floors: dict[str, Cost]
    store_bytes: int

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
    files = f"{source.resolve()}/*.{form}"
    # a folder of its own: two benchmarks at a time spoil numbers, but not each other's files
    with TemporaryDirectory(prefix="work-", dir=cache) as folder:
        work = Path(folder)
        floors = {floor: _floor(floor, source, files, work) for floor in FLOORS}
        warm(source)
        whole = unify(new_space(work / "whole", files), "run")
        size = sum(path.stat().st_size for path in (work / "whole").rglob("*") if path.is_file())
        shutil.rmtree(work / "whole")
        warm(source)
        space = new_space(work / "steps", files)
        steps = tuple((step, unify(space, step)) for step in STEPS)
    return Result(events, form, whole, steps, floors, size)


def _floor(floor: str, source: Path, files: str, work: Path) -> Cost:
    folder = work / floor
    folder.mkdir()
    warm(source)
    command = [sys.executable, "-m", "tests.bench.floors", floor, files, str(folder)]
    cost = measure(command, work / f"{floor}.log")
    shutil.rmtree(folder)
    return cost


def new_space(folder: Path, files: str) -> Path:
    """A space file in a folder of its own, where its store will be."""
    folder.mkdir()
    text = Path(__file__).with_name("space.yaml").read_text(encoding="utf-8")
    space = folder / "space.yaml"
    space.write_text(text.replace("EVENTS", files), encoding="utf-8")
    return space


def unify(space: Path, command: str) -> Cost:
    """One step of the command `unify`, in a process of its own."""
    line = [sys.executable, "-c", "from pipelines.cli import main; main()", command, str(space)]
    return measure([*line, "--now", NOW] if command in DATED else line, space.parent / f"{command}.log")


def warm(source: Path) -> None:
    """Read the files once: every measurement finds them in the page cache, none pays for the disk."""
    for path in source.iterdir():
        with path.open("rb", buffering=0) as stream:
            while stream.read(1 << 24):
                pass
