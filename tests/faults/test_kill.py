"""`unify run`, killed before a write and run again, leaves what an undisturbed run leaves.

The normal suite kills at the start, in the middle and at the end of every step of the second day, and while
the first day's run makes the store. `UNIFY_KILL=1 pytest tests/faults` kills before every write, `=5` before
every fifth.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import groupby
from pathlib import Path

import pytest

from tests.e2e.fingerprint import Print, fingerprint
from tests.e2e.shop import DAYS, NAME, write_day, write_shop
from tests.faults.driver import KILLED, output, points, unify

# Every kill starts two processes; on a busy machine they take their time.
pytestmark = pytest.mark.timeout(900)
STRIDE = int(os.environ.get("UNIFY_KILL", "0"))


class Attempt:
    """A command on a prepared folder: how it ends undisturbed, and the steps of its write points."""

    def __init__(self, before: Path, command: str, *options: str) -> None:
        self.before, self.command, self.options = before, command, options
        self.after = before.with_name("after")
        trace = before.with_name("trace.json")
        shutil.copytree(before, self.after)
        self.finish(self.after, trace)
        self.steps = points(trace)
        self.expected = prints(self.after)

    def finish(self, folder: Path, trace: Path | None = None) -> None:
        """The command, undisturbed, in a copy of the folder."""
        space = folder / "space.yaml"
        assert unify(self.command, str(space), *self.options, trace=trace) == 0, output(space)

    def kill(self, folder: Path, point: int) -> None:
        """The command in a new copy of the folder, killed before a write point."""
        shutil.copytree(self.before, folder)
        space = folder / "space.yaml"
        assert unify(self.command, str(space), *self.options, die_at=point) == KILLED, output(space)

    def at_each(self, chosen: list[int], check: Callable[[Path], None]) -> None:
        """Check what a kill leaves, at the chosen write points or every `STRIDE`th; two at a time."""

        def check_at(point: int) -> None:
            folder = self.before.with_name(f"killed before {point} in {self.steps[point]}")
            self.kill(folder, point)
            check(folder)
            shutil.rmtree(folder)

        with ThreadPoolExecutor(2) as pool:
            for _ in pool.map(check_at, range(0, len(self.steps), STRIDE) if STRIDE else chosen):
                pass  # what failed is raised here

    def same(self, folder: Path) -> None:
        """The folder is as an undisturbed command leaves it."""
        assert prints(folder) == self.expected, folder.name
        assert _files(folder) == _files(self.after), folder.name


def test_a_first_run_killed_and_run_again(tmp_path: Path) -> None:
    attempt = Attempt(_shop(tmp_path / "before", 0), "run", "--now", DAYS[0].isoformat())
    making_the_store, loading, *_ = _spans(attempt.steps)
    attempt.at_each([making_the_store[1], loading[1]], partial(_finish, attempt))


def test_a_run_killed_and_run_again(tmp_path: Path) -> None:
    attempt = Attempt(_shop(tmp_path / "before", 1), "run", "--now", DAYS[1].isoformat())
    spans = {attempt.steps[span[0]]: span for span in reversed(_spans(attempt.steps))}
    assert spans.keys() >= {"load", "resolve", "materialize", "compute"}
    chosen = [point for span in spans.values() for point in span]
    attempt.at_each(chosen, partial(_finish, attempt))


def test_a_rebuild_killed_leaves_the_store_as_it_was(tmp_path: Path) -> None:
    attempt = Attempt(_shop(tmp_path / "before", 2), "rebuild")

    def check(folder: Path) -> None:
        assert prints(folder) == attempt.expected, folder.name
        _finish(attempt, folder)

    attempt.at_each([len(attempt.steps) // 2, len(attempt.steps) - 1], check)


def test_resolving_anew_killed_leaves_the_old_store_or_the_new_one(tmp_path: Path) -> None:
    before = _shop(tmp_path / "before", 2)
    space = before / "space.yaml"
    space.write_text(space.read_text().replace("{type: group_id}", "{type: city}"))
    attempt = Attempt(before, "rebuild", "--with-current-rules", "--now", DAYS[1].isoformat())
    found = prints(before)
    assert found != attempt.expected
    swapped = []

    def check(folder: Path) -> None:
        swapped.append(prints(folder) != found)
        if not swapped[-1]:
            attempt.finish(folder)
        else:  # the swap was done: what it leaves lying about is swept by whoever comes next
            assert unify("resolve", str(folder / "space.yaml")) == 0
        attempt.same(folder)

    last = len(attempt.steps)
    attempt.at_each([last // 2, *range(last - 4, last)], check)
    assert {True, False} == set(swapped)


def _finish(attempt: Attempt, folder: Path) -> None:
    attempt.finish(folder)
    attempt.same(folder)


def prints(folder: Path) -> dict[str, dict[str, Print]]:
    """What must not differ: all tables of the space, and all the suite's own memory."""
    return {schema: fingerprint(folder / "warehouse.duckdb", schema) for schema in (NAME, "state")}


def _shop(folder: Path, day: int) -> Path:
    """The shop as it stands when the files of a day have come, all days before it run."""
    space = write_shop(folder)
    for number, now in enumerate(DAYS[:day]):
        write_day(folder, number)
        assert unify("run", str(space), "--now", now.isoformat()) == 0, output(space)
    if day < len(DAYS):
        write_day(folder, day)
    return folder


def _spans(steps: list[str]) -> list[tuple[int, int, int]]:
    """First, middle and last write point of each step, in the order they ran; a step may run twice."""
    spans = []
    end = 0
    for _, points_of_step in groupby(steps):
        start, end = end, end + len(list(points_of_step))
        if end - start >= 3:
            spans.append((start, (start + end) // 2, end - 1))
    return spans


def _files(folder: Path) -> list[str]:
    """The store and its message sets; nothing half-written stays."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return sorted(str(file.relative_to(folder)) for file in files if file.suffix not in (".lock", ".out"))
