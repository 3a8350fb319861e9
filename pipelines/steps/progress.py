"""How a step tells how far it is, without knowing who listens."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """A listener: one bar or line at a time."""

    def start(self, label: str, total: int | None) -> None:
        """A piece of work begins; `total` in the units of `advance`, None if unknown."""

    def advance(self, n: int) -> None:
        """`n` more units are done."""

    def done(self) -> None:
        """The piece of work has ended."""


class _Silent:
    def start(self, label: str, total: int | None) -> None:
        pass

    def advance(self, n: int) -> None:
        pass

    def done(self) -> None:
        pass


SILENT: Progress = _Silent()
"""Listens to nothing: for tests, Dagster and `--json`."""
