"""What goes into resolution and what comes out of it, in plain records that tests compare."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

Identifier = tuple[str, str]
"""An identifier: (type, value)."""

OVER_LIMIT = "Identifier value limit exceeded"
OVER_WINDOW = "Identifier value time limit exceeded"
BLOCKED = "ID value blocked"
OVER_MERGES = "Profile merge limit exceeded"
OVER_MAPPINGS = "Identifier mapping limit exceeded"
NOBODY = "No matching identifiers on event"


@dataclass(frozen=True, slots=True)
class Message:
    """What the resolver sees of a message: its identifiers in position order, as they came."""

    message_id: str
    timestamp: datetime
    mentions: tuple[Identifier, ...]
    addressee: int | None = None


@dataclass(frozen=True, slots=True)
class Creation:
    message_id: str
    profile: int
    identifier: Identifier


@dataclass(frozen=True, slots=True)
class Mapping:
    message_id: str
    identifier: Identifier
    profile: int
    place: int


@dataclass(frozen=True, slots=True)
class Merge:
    message_id: str
    profile: int
    canonical: int
    place: int


@dataclass(frozen=True, slots=True)
class Note:
    """A row of the log: an identifier not used (`None`: the message as a whole), and why."""

    message_id: str
    identifier: Identifier | None
    violated_type: str | None
    reason: str
    profile: int | None = None


@dataclass(slots=True)
class Outcome:
    """What a batch did, each list in the order it happened; `owners` has the stamp of every message."""

    owners: dict[str, int | None] = field(default_factory=dict)
    creations: list[Creation] = field(default_factory=list)
    mappings: list[Mapping] = field(default_factory=list)
    merges: list[Merge] = field(default_factory=list)
    log: list[Note] = field(default_factory=list)
