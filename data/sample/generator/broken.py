"""Lines that must be rejected, each with its reason, and calls that were delivered twice."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import timedelta

from .calls import END, Call, as_json, iso
from .planted import on

REDELIVERED = 260


def broken() -> list[Call]:
    """One line per fault. Each is received in July, in the web shop's or the app's file."""
    at = iso(on(20))
    who = {"userId": "KT-90099", "receivedAt": at}
    lines = (
        ("web", '{"type":"track","event":"Product Viewed","userId":"KT-90099","timestamp":'),
        ("web", '["not","an","object"]'),
        ("web", "just text, left by a log rotation"),
        (
            "web",
            as_json({"type": "track", "event": "Product Viewed", "messageId": "bad-nobody", "timestamp": at}),
        ),
        (
            "web",
            as_json(
                {
                    "type": "track",
                    "event": "Product Viewed",
                    "messageId": "bad-month",
                    "timestamp": "2026-13-45T99:00:00Z",
                    **who,
                }
            ),
        ),
        (
            "web",
            as_json(
                {
                    "type": "page",
                    "name": "Home",
                    "messageId": "bad-future",
                    "timestamp": "2999-01-01T00:00:00Z",
                    **who,
                }
            ),
        ),
        (
            "web",
            as_json(
                {
                    "type": "page",
                    "name": "Home",
                    "messageId": "bad-past",
                    "timestamp": "1969-07-20T20:17:00Z",
                    **who,
                }
            ),
        ),
        ("app", as_json({"type": "track", "messageId": "bad-no-event", "timestamp": at, **who})),
        ("app", as_json({"type": "purchase", "messageId": "bad-type", "timestamp": at, **who})),
        ("app", as_json({"messageId": "bad-no-type", "timestamp": at, **who})),
        (
            "app",
            as_json({"type": "group", "groupId": "", "messageId": "bad-empty-group", "timestamp": at, **who}),
        ),
        (
            "app",
            as_json(
                {
                    "type": "track",
                    "event": "Product Viewed",
                    "messageId": "bad-" + "x" * 120,
                    "timestamp": at,
                    **who,
                }
            ),
        ),
    )
    return [Call(source, on(20, 12, minute), text) for minute, (source, text) in enumerate(lines)]


def redelivered(rng: random.Random, calls: Sequence[Call]) -> list[Call]:
    """Some web calls once more, up to ten days later: the same line, often in the next month's file."""
    web = [made for made in calls if made.source == "web"]
    again = rng.sample(web, REDELIVERED)
    return [
        Call(
            "web",
            min(made.received + timedelta(hours=rng.randrange(1, 240)), END - timedelta(minutes=1)),
            made.text,
        )
        for made in again
    ]
