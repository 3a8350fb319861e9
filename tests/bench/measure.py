"""Run one command in a process of its own and say what it cost.

The numbers are the kernel's own account of the child (`wait4`): wall clock, CPU seconds of all its threads,
highest resident memory. A child's account starts with its parent's memory, so this process stays small: it
imports neither DuckDB nor NumPy.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

MEGABYTE = 1_000_000


class StepFailedError(Exception):
    """A measured command did not exit with 0."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one process used. Seconds, seconds, bytes."""

    wall: float
    cpu: float
    peak: int


def measure(command: Sequence[str], log: Path) -> Cost:
    """The cost of `command`, whose output goes to `log`; a failure is raised with the log's last lines."""
    with log.open("wb") as out:
        begin = time.perf_counter()
        child = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - begin
    child.returncode = os.waitstatus_to_exitcode(status)  # tells Popen that the child is already reaped
    if child.returncode != 0:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
        raise StepFailedError(f"exit {child.returncode}: {' '.join(command)}\n{tail}")
    # Linux counts ru_maxrss in kilobytes, macOS in bytes
    peak = usage.ru_maxrss if sys.platform == "darwin" else usage.ru_maxrss * 1024
    return Cost(wall, usage.ru_utime + usage.ru_stime, peak)
