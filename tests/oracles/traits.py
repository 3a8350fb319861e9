"""The plain story of traits: all writes kept, everything worked out anew after each message.

Slow and obvious, to judge `pipelines.profiles`. Source: design section 6, profiles-sync specification 2.3.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

Traits = dict[str, str]
"""The traits a profile has, by column."""


class Told(NamedTuple):
    """A message as resolved: to whom, whom it merged away, which traits it sets or, with None, removes."""

    ordinal: int
    time: datetime
    canonical: int
    merged: tuple[int, ...]
    traits: dict[str, str | None]


class Snapshot(NamedTuple):
    """A row of `profile_traits_updates`."""

    batch: int
    ordinal: int
    profile: int
    traits: Traits


class _Write(NamedTuple):
    time: datetime
    batch: int
    ordinal: int
    is_set: bool
    name: str
    value: str | None


@dataclass
class Story:
    """What happened so far; `snapshots` are the rows of a history of every change."""

    snapshots: list[Snapshot] = field(default_factory=list)
    writes: dict[int, list[_Write]] = field(default_factory=dict)

    def batch(self, number: int, messages: Iterable[Told]) -> None:
        """Take the messages of a batch in order."""
        for message in messages:
            profile = message.canonical
            had, brought = self.traits(profile), any(self.traits(other) for other in message.merged)
            self._write(number, message)
            has = self.traits(profile)
            if has != had or brought:
                self.snapshots.append(Snapshot(number, message.ordinal, profile, has))
        # From batch to batch only the last write of each trait is kept, removals included.
        self.writes = {profile: list(self._newest(profile).values()) for profile in self.writes}

    def traits(self, profile: int) -> Traits:
        """What a profile has: of each trait the newest, unless that or what it is part of was removed."""
        newest = self._newest(profile)
        return {name: write.value for name, write in newest.items() if write.value is not None}

    def _newest(self, profile: int) -> dict[str, _Write]:
        writes = self.writes.get(profile, [])
        return {
            name: max(write for write in writes if _concerns(write, name))._replace(name=name)
            for name in {write.name for write in writes}
        }

    def _write(self, number: int, message: Told) -> None:
        writes = self.writes.setdefault(message.canonical, [])
        for other in message.merged:
            writes += self.writes.pop(other, [])
        writes += [
            _Write(message.time, number, message.ordinal, value is not None, name, value)
            for name, value in message.traits.items()
        ]


def _concerns(write: _Write, name: str) -> bool:
    return write.name == name or (write.value is None and name.startswith(f"{write.name}_"))
