"""The limits of SQL traits. Defaults from the traits-and-audiences specification, section 3.1."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What a SQL trait's query may return, and how long it may take."""

    columns: int = 25
    rows: int = 25_000_000
    row_bytes: int = 16 * 1024
    """A row whose JSON is this long, or longer, is discarded and counted."""
    seconds: float = 600.0


DEFAULT_LIMITS = Limits()
