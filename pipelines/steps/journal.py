"""How the last command ended: a small file beside the store, not a table in it.

When a run fails the store may be full, or not there at all, and that is when somebody asks `unify status`.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from pipelines.config import Space
from pipelines.errors import StoreLocked, StoreMismatch, UnifyError


@dataclass(frozen=True, slots=True)
class LastRun:
    """One command that may write: when it began (ISO-8601, UTC), `done` or `failed`, and the error."""

    command: str
    started: str
    status: str
    error: str | None = None

    def __str__(self) -> str:
        return f"{self.command}, {self.started}Z: {self.status}" + (f"\n{self.error}" if self.error else "")


@contextlib.contextmanager
def noted(space: Space, command: str, started: datetime) -> Iterator[None]:
    """Note how the work inside ended: done, or failed and why.

    One that found the store locked, or another space's, did nothing: it leaves the note of the one before it.
    """
    try:
        yield
    except (StoreLocked, StoreMismatch):
        raise
    except UnifyError as error:
        _write(space, LastRun(command, started.isoformat(timespec="seconds"), "failed", str(error)))
        raise
    _write(space, LastRun(command, started.isoformat(timespec="seconds"), "done"))


def last_run(space: Space) -> LastRun | None:
    """The note of the last command, or None if there is none that can be read."""
    try:
        return LastRun(**json.loads(_note(space).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _note(space: Space) -> Path:
    return space.store.with_name(space.store.name + ".last-run.json")


def _write(space: Space, run: LastRun) -> None:
    note = _note(space)
    part = note.with_name(f"{note.name}.{os.getpid()}")
    # A note that cannot be written (a full disk, say) must not hide the error it would have been about.
    with contextlib.suppress(OSError):
        part.write_text(json.dumps(asdict(run)), encoding="utf-8")
        part.replace(note)
