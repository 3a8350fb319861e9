"""What load does to one call, said in plain Python: it judges the SQL on generated calls."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from tests.ingest.loading import RULES
from tests.oracles import places

CALLS = ("identify", "track", "page", "screen", "group", "alias")
_ISO = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?)?")


class Message(NamedTuple):
    """A kept message, as far as the oracle looks at it."""

    message_id: str
    timestamp: datetime
    repaired: bool
    ids: dict[str, list[str]]


def load(lines: Sequence[str], now: datetime) -> tuple[list[Message], list[tuple[int, str]], int]:
    """The kept messages in order, the rejects as (line, reason), and the number of duplicates."""
    occurrences: Counter[str] = Counter()
    taken: dict[str, list[tuple[datetime, datetime, str, Message]]] = {}
    rejects = []
    for number, line in enumerate(lines, 1):
        call = json.loads(line)
        content = hashlib.sha1(canonical(call).encode(), usedforsecurity=False).hexdigest()
        reason = rejected(call, now)
        if reason:
            rejects.append((number, reason))
            continue
        message_id = text(call.get("messageId"))
        if message_id is None:
            occurrences[content] += 1
            message_id = f"auto:{content}:{occurrences[content]}"
        received = time(call.get("receivedAt"))[0] or now
        message = Message(message_id, when(call, now), zoneless(call), identifiers(call))
        taken.setdefault(message_id, []).append((message.timestamp, received, content, message))
    kept = [min(several, key=lambda one: one[:3])[3] for several in taken.values()]
    kept.sort(key=lambda message: (message.timestamp, message.message_id.encode()))
    return kept, rejects, sum(len(several) - 1 for several in taken.values())


def canonical(call: dict[str, Any]) -> str:
    return json.dumps(call, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def rejected(call: dict[str, Any], now: datetime) -> str | None:
    if any(time(call.get(name))[1] for name in ("timestamp", "receivedAt", "sentAt", "originalTimestamp")):
        return "bad_timestamp"
    if call.get("type") not in CALLS:
        return "unknown_type" if call.get("type") else "missing_type"
    if call["type"] == "track" and not text(call.get("event")):
        return "missing_event"
    if call["type"] == "group" and not text(call.get("groupId")):
        return "empty_group_id"
    context_group = context_group_id(call)
    if call["type"] == "track" and context_group is not None and not context_group.strip():
        return "empty_group_id"
    moment = when(call, now)
    if moment < datetime(1970, 1, 1):  # noqa: DTZ001  # naive UTC
        return "timestamp_too_old"
    if moment > now + timedelta(hours=24):
        return "timestamp_in_future"
    return None if identifiers(call) else "no_identifier"


def when(call: dict[str, Any], now: datetime) -> datetime:
    own, received, sent, original = (
        time(call.get(name))[0] for name in ("timestamp", "receivedAt", "sentAt", "originalTimestamp")
    )
    if own:
        return own
    if received and sent and original:
        return received - (sent - original)
    return original or received or now


def time(value: Any) -> tuple[datetime | None, bool]:
    """A time in naive UTC, and whether something is there that is none."""
    if value is None:
        return None, False
    if not isinstance(value, str) or not _ISO.fullmatch(value):
        return None, True
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None, True
    return (moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment), False


def zoneless(call: dict[str, Any]) -> bool:
    given = [call.get(name) for name in ("timestamp", "receivedAt", "sentAt", "originalTimestamp")]
    return any(value and not re.search(r"(Z|[+-]\d\d:\d\d)$", value[10:]) for value in given)


def identifiers(call: dict[str, Any]) -> dict[str, list[str]]:
    """The values by type, in order of position, for the rules of `loading.RULES`."""
    return places.found(call, [rule.type for rule in RULES.identifiers]).values


def context_group_id(call: dict[str, Any]) -> str | None:
    """The first of its spellings that is a string or an integer, blank or not."""
    found = [(call.get("context") or {}).get(name) for name in ("groupId", "group_id")]
    return next((str(one) for one in found if isinstance(one, str | int) and not isinstance(one, bool)), None)


def text(value: Any) -> str | None:
    """A string or an integer as its text, if it is not blank."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return str(value) if str(value).strip() else None
