"""Messages of random graphs as lines of a file: every identifier as an external id."""

from __future__ import annotations

import json
from collections.abc import Iterable

from tests.oracles.records import Message


def lines(messages: Iterable[Message]) -> str:
    """A file of Segment calls."""
    return "".join(f"{_line(message)}\n" for message in messages)


def naming_somebody(messages: Iterable[Message]) -> list[Message]:
    """Without messages that have nothing but blanks: load rejects them, and resolve never sees them."""
    return [message for message in messages if any(value.strip() for _, value in message.mentions)]


def _line(message: Message) -> str:
    ids = [
        {"id": value, "type": type_, "collection": "users", "encoding": "none"}
        for type_, value in message.mentions
    ]
    return json.dumps(
        {
            "type": "identify",
            "messageId": message.message_id,
            "timestamp": f"{message.timestamp.isoformat()}Z",
            "context": {"externalIds": ids},
        }
    )
