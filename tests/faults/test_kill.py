"""`unify run`, killed before a write and run again, leaves what an undisturbed run leaves.

The normal suite kills at the start, in the middle and at the end of every step of both days;
`UNIFY_KILL=every pytest tests/faults` kills before every statement.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import pytest

from tests.e2e.fingerprint import Print, fingerprint
from tests.e2e.shop import DAYS, NAME, write_day, write_shop
from tests.faults.driver import KILLED, points, unify

EVERY = os.environ.get("UNIFY_KILL") == "every"


class Attempt:
    """A command on a prepared folder: how it ends undisturbed, and the steps of its write points."""

    def __init__(self, before: Path, command: str, *options: str) -> None:
        self.before, self.command, self.options = before, command, options
        self.after = before.with_name("after")
        trace = before.with_name("trace.json")
        shutil.copytree(before, self.after)
        assert self.run(self.after, trace=trace) == 0
        self.steps = points(trace)
        self.expected = prints(self.after)

    def run(self, folder: Path, *, die_at: int | None = None, trace: Path | None = None) -> int:
        """The command in a copy of the folder."""
        return unify(self.command, str(folder / "space.yaml"), *self.options, die_at=die_at, trace=trace)

    def killed(self, folder: Path) -> Iterator[str]:
        """Copies of the folder in which the command was killed, one after the other; yields where it was."""
        for point in _chosen(self.steps):
            shutil.copytree(self.before, folder)
            at = f"killed before write point {point} of {len(self.steps)}, in {self.steps[point]}"
            assert self.run(folder, die_at=point) == KILLED, at
            yield at
            shutil.rmtree(folder)


def prints(folder: Path) -> dict[str, dict[str, Print]]:
    """What must not differ: all tables of the space, and all the suite's own memory."""
    return {schema: fingerprint(folder / "warehouse.duckdb", schema) for schema in (NAME, "state")}


@pytest.mark.parametrize("day", [0, 1])
def test_a_run_killed_and_run_again(day: int, tmp_path: Path) -> None:
    attempt = Attempt(_shop(tmp_path / "before", day), "run", "--now", DAYS[day].isoformat())
    for at in attempt.killed(tmp_path / "killed"):
        assert attempt.run(tmp_path / "killed") == 0, at
        assert prints(tmp_path / "killed") == attempt.expected, at
        assert _files(tmp_path / "killed") == _files(attempt.after), at


def test_a_rebuild_killed_leaves_the_store_as_it_was(tmp_path: Path) -> None:
    attempt = Attempt(_shop(tmp_path / "before", 2), "rebuild")
    for at in attempt.killed(tmp_path / "killed"):
        assert prints(tmp_path / "killed") == attempt.expected, at
        assert attempt.run(tmp_path / "killed") == 0, at
        assert prints(tmp_path / "killed") == attempt.expected, at
        assert _files(tmp_path / "killed") == _files(attempt.after), at


def _shop(folder: Path, day: int) -> Path:
    """The shop as it stands when the files of a day have come, all days before it run."""
    space = write_shop(folder)
    for number, now in enumerate(DAYS[:day]):
        write_day(folder, number)
        assert unify("run", str(space), "--now", now.isoformat()) == 0
    if day < len(DAYS):
        write_day(folder, day)
    return folder


def _chosen(steps: list[str]) -> list[int]:
    """The first, the middle and the last write point of each step that has as many, or all there are."""
    if EVERY:
        return list(range(len(steps)))
    chosen = []
    end = 0
    for _, points_of_step in groupby(steps):
        start, end = end, end + len(list(points_of_step))
        if end - start >= 3:
            chosen += [start, (start + end) // 2, end - 1]
    return chosen


def _files(folder: Path) -> list[str]:
    """The store and its message sets; nothing half-written stays."""
    return sorted(
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".lock"
    )
