"""Run the command `unify` in a process of its own that dies before its Nth write point.

A write point is a statement that the store executes, or the rename that gives a message set or a rebuilt
store its name. The shipped code knows nothing of this: both are wrapped here, in the child.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from functools import wraps
from multiprocessing import get_context
from multiprocessing.connection import wait
from pathlib import Path
from threading import Lock
from typing import ParamSpec, TypeVar

from pipelines.cli import app
from pipelines.store import sets
from pipelines.store.store import Store

P = ParamSpec("P")
R = TypeVar("R")

_CONTEXT = get_context("forkserver")
_CONTEXT.set_forkserver_preload([__name__, "sqlglot.dialects.duckdb"])
_STEPS = ("load", "resolve", "materialize", "compute", "publish", "rebuild")
KILLED = -signal.SIGKILL
_BOOKS = Lock()
"""To start a child asks after all others: two threads that ask at once would lose a code, and read 255."""


def unify(
    command: str, space: str, *options: str, die_at: int | None = None, trace: Path | None = None
) -> int:
    """Run `unify <command> <space> <options>`; its exit code, or `KILLED`.

    It is killed before write point `die_at`, counted from 0. `trace` is a file to write the points into, as a
    JSON list of the step each belongs to.
    """
    child = _CONTEXT.Process(target=_child, args=((command, space, *options), die_at, trace))
    with _BOOKS:
        child.start()
    wait([child.sentinel])
    with _BOOKS:
        child.join()
    assert child.exitcode is not None
    return child.exitcode


def output(space: Path) -> str:
    """What the last command on a space printed, for a test to show when it failed."""
    return _output_file(space).read_text()


def points(trace: Path) -> list[str]:
    """The step of each write point of a traced run; `open` before the first."""
    steps: list[str] = json.loads(trace.read_text())
    return steps


def _child(arguments: tuple[str, ...], die_at: int | None, trace: Path | None) -> None:
    _redirect(_output_file(Path(arguments[1])))
    steps: list[str] = []

    def pass_point() -> None:
        if len(steps) == die_at:
            os.kill(os.getpid(), signal.SIGKILL)
        steps.append(_step())

    setattr(Store, "execute", _watched(Store.execute, pass_point))  # noqa: B010  # mypy refuses a plain assignment
    setattr(sets, "rename", _watched(sets.rename, pass_point))  # noqa: B010  # the same
    code = app(arguments, standalone_mode=False)
    if trace is not None:
        trace.write_text(json.dumps(steps))
    sys.exit(code)


def _watched(function: Callable[P, R], before: Callable[[], None]) -> Callable[P, R]:
    @wraps(function)
    def watched(*args: P.args, **kwargs: P.kwargs) -> R:
        before()
        return function(*args, **kwargs)

    return watched


def _step() -> str:
    """The outermost step that is running, or `open` between steps."""
    step = "open"
    frame = sys._getframe()
    while frame.f_back is not None:
        package, _, name = str(frame.f_globals.get("__name__")).rpartition(".")
        if package == "pipelines.steps" and name in _STEPS:
            step = name
        frame = frame.f_back
    return step


def _output_file(space: Path) -> Path:
    return space.with_suffix(".out")


def _redirect(file: Path) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for standard in (1, 2):
        os.dup2(descriptor, standard)
