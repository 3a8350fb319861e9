"""What profiles show after any sequence of uploads, merges and passing time is what a plain recount gives."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.store import open_store
from tests.traits.shop import Shop, computed_trait, shop_space

START = datetime.fromisoformat("2026-01-01")
WINDOW = 5
IS_WEB = {"property": "channel", "equals": "web"}
TRAITS: list[dict[str, Any]] = [
    {"key": "orders", "kind": "event_counter"},
    {"key": "recent_web", "kind": "event_counter", "days": WINDOW, "where": IS_WEB},
    {"key": "last_channel", "kind": "last", "property": "channel"},
    {"key": "recent_channel", "kind": "last", "property": "channel", "days": WINDOW},
]
KEYS = [trait["key"] for trait in TRAITS]

Shown = dict[tuple[int, str], tuple[int, Any]]
"""What a profile shows of a trait: the step that sent it, and the value."""


@dataclass(frozen=True, slots=True)
class Event:
    id: str
    profile: int
    timestamp: datetime
    channel: str | None


@dataclass(frozen=True, slots=True)
class Step:
    """Hours that pass, then events (profile, hours ago, channel), then merges of one profile into an older
    one.
    """

    hours: int
    events: list[tuple[int, int, str | None]]
    merges: list[tuple[int, int]]


steps = st.builds(
    Step,
    hours=st.integers(1, 100),
    events=st.lists(
        st.tuples(st.integers(0, 4), st.integers(-20, 200), st.sampled_from(["web", "store", None])),
        max_size=6,
    ),
    merges=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=1),
)


@settings(max_examples=15, deadline=None)
@given(st.lists(steps, min_size=2, max_size=5))
def test_shown_is_recounted(story: list[Step]) -> None:
    with TemporaryDirectory() as folder:
        space = shop_space(Path(folder), [computed_trait(form) for form in TRAITS])
        with open_store(space) as store:
            shop = Shop(space, store)
            shop.open()
            play(shop, story)


def play(shop: Shop, story: Sequence[Step]) -> None:
    now = START
    events: list[Event] = []
    owner: dict[int, int] = {}
    shown: Shown = {}
    for number, step in enumerate(story):
        now += timedelta(hours=step.hours)
        new = [
            Event(f"e{len(events) + n}", profile, now - timedelta(hours=ago), channel)
            for n, (profile, ago, channel) in enumerate(step.events)
        ]
        upload(shop, new)
        events += new
        owner.update({event.profile: event.profile for event in new if event.profile not in owner})
        for one, other in step.merges:
            merge(shop, owner, shown, one, other)
        if step.events or step.merges:
            shop.uploaded(now)
        for profile, traits in sent(shop, shop.compute(now).batch):
            shown.update({(profile, key): (number, value) for key, value in traits.items()})
        for profile in set(owner.values()):
            mine = [event for event in events if owner[event.profile] == profile]
            seen = {key: shown.get((profile, key), (0, None))[1] or None for key in KEYS}
            assert seen == recount(mine, now)


def upload(shop: Shop, events: Sequence[Event]) -> None:
    names = ("id", "segment_id", "timestamp", "channel")
    rows = [(e.id, f"p{e.profile}", e.timestamp, e.channel) for e in events]
    shop.events([dict(zip(names, row, strict=True)) for row in rows])


def merge(shop: Shop, owner: dict[int, int], shown: Shown, one: int, other: int) -> None:
    """Merge as resolve and materialize do: the other gets all that is the one's, of each trait what came
    last.
    """
    if one not in owner or other not in owner or owner[one] == owner[other]:
        return
    away, survivor = owner[one], owner[other]
    for profile in [profile for profile, canonical in owner.items() if canonical == away]:
        owner[profile] = survivor
        shop.merge(f"p{profile}", f"p{survivor}")
    for key in KEYS:
        both = [shown[name] for name in ((survivor, key), (away, key)) if name in shown]
        if both:
            shown[survivor, key] = max(both, key=lambda write: write[0])


def sent(shop: Shop, batch: int | None) -> list[tuple[int, dict[str, Any]]]:
    messages = [] if batch is None else shop.messages(batch)
    return [(int(row["addressee"][1:]), json.loads(row["traits"])) for row in messages]


def recount(events: Sequence[Event], now: datetime) -> dict[str, Any]:
    """The traits of one profile, plainly; a count of none is None."""
    recent = [event for event in events if now - timedelta(days=WINDOW) < event.timestamp <= now]
    return {
        "orders": len(events) or None,
        "recent_web": len([event for event in recent if event.channel == "web"]) or None,
        "last_channel": last(events),
        "recent_channel": last(recent),
    }


def last(events: Sequence[Event]) -> str | None:
    told = [event for event in events if event.channel is not None]
    return max(told, key=lambda event: (event.timestamp, event.id)).channel if told else None
