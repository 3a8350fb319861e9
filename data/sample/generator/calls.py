"""Segment calls as plain dictionaries, and the place each is written to.

A `Call` is one line of one events file. Its `received` time decides the file and the position in the file;
the event's own time is inside the body, so calls that arrive late stand out of order, as in real exports.
"""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

Body = dict[str, object]

START = datetime(2026, 7, 1, tzinfo=UTC)
DAYS = 90
END = START + timedelta(days=DAYS)


@dataclass(frozen=True, slots=True)
class Call:
    """One line: the source it belongs to, when it was received, and its JSON text."""

    source: str
    received: datetime
    text: str


def iso(moment: datetime) -> str:
    """UTC, milliseconds, `Z`: the way the browser library writes times."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def random_uuid(rng: random.Random) -> str:
    """A version 4 UUID from the seeded source."""
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def message_id(rng: random.Random, source: str) -> str:
    """A message id that tells its source."""
    return f"{source}-{rng.getrandbits(44):011x}"


def call(source: str, at: datetime, body: Mapping[str, object], *, received: datetime | None = None) -> Call:
    """The call `body` made at `at`; `timestamp` and `receivedAt` are filled in unless the body has them."""
    arrived = received or at + timedelta(seconds=1, milliseconds=at.microsecond // 5000)
    times = {} if "originalTimestamp" in body else {"timestamp": iso(at)}
    return Call(source, arrived, as_json({**body, **times, "receivedAt": iso(arrived)}))


def as_json(body: Mapping[str, object]) -> str:
    """Minified, keys in the order given, accents as they are."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))
