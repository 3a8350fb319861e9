"""A tiny shop: two days of uploads with something of everything that can go wrong.

The first day has a CSV upload and events; the second a late event, messages seen before, and events that
merge profiles of the first.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

NAME = "shop"
DAYS = (datetime.fromisoformat("2024-06-01"), datetime.fromisoformat("2024-06-03"))
"""Batch times of the two runs."""

_SPACE = """\
space: shop
store: warehouse.duckdb
resources: {{threads: {threads}, memory: 1GB}}
inputs:
  profiles:
    - {{path: uploads/*.csv, source: crm, as_of: 2024-05-01T00:00:00Z, types: {{points: bigint}}}}
  events:
    - {{path: events/*.jsonl, source: web}}
identity:
  identifiers:
    - {{type: user_id, limit: 1}}
    - {{type: email, limit: 2, normalize: lower}}
    - {{type: anonymous_id, limit: 3, window: weekly, blocked: [kiosk]}}
    - {{type: group_id}}
  merge_limit: 3
traits:
  computed:
    - {{type: event_counter, name: Orders, event: Order Completed}}
    - {{type: last, name: Last city, event: Order Completed, property: city}}
  sql: [traits/*.sql]
"""

_TRAIT = """\
-- name: spent
-- schedule: 0 0 * * *
select u.value as user_id, sum(try_cast(o.total as double)) as spent
from order_completed o
join id_graph g using (segment_id)
join user_identifiers u on u.canonical_segment_id = g.canonical_segment_id and u.type = 'user_id'
group by 1
"""

_UPLOAD = """\
user_id,email,name,city,points
u1,Ana@shop.example,Ana Müller,Zürich,10
u2,,Bo,,
,cy@shop.example,Cy 😀,Bern,7
,,nobody at all,,
u9,ana@shop.example,Someone else,Basel,x
"""

_SECOND_UPLOAD = """\
user_id,email,name
u2,bo@shop.example,Bo Ek
u4,cy@shop.example,
"""


def write_shop(folder: Path, threads: int = 1) -> Path:
    """The space file and its trait, without inputs; returns the path of the space file."""
    for name in ("uploads", "events", "traits"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    file = folder / "space.yaml"
    file.write_text(_SPACE.format(threads=threads))
    (folder / "traits" / "spent.sql").write_text(_TRAIT)
    return file


def write_day(folder: Path, day: int, *, events: Mapping[str, Iterable[str]] | None = None) -> None:
    """The uploads of the first (0) or second (1) day; `events` puts its lines into files of other names."""
    (folder / "uploads" / f"customers-{day}.csv").write_text((_UPLOAD, _SECOND_UPLOAD)[day])
    for name, lines in (events or {f"day-{day}.jsonl": event_lines(day)}).items():
        (folder / "events" / name).write_text("".join(f"{line}\n" for line in lines))


def event_lines(day: int) -> list[str]:
    """The day's events, one JSON text a line, and a few lines that are none."""
    return [
        *(json.dumps(event, ensure_ascii=False) for event in (_first_day, _second_day)[day]()),
        *_BROKEN[day],
    ]


_BROKEN = (
    ["{not json", "[1, 2]", '{"type": "track", "event": "Nobody", "messageId": "x1"}'],
    ["", '{"type": "dance"}'],
)


def _event(number: int, day: int, **fields: object) -> dict[str, object]:
    time = DAYS[0] - timedelta(days=3 - 2 * day, minutes=-number)
    return {"messageId": f"d{day}-{number:03}", "timestamp": f"{time.isoformat()}Z", **fields}


_NO_ID: dict[str, object] = {
    "type": "track",
    "event": "No Id",
    "userId": "u3",
    "timestamp": "2024-05-30T00:00:00Z",
}


def _first_day() -> list[dict[str, object]]:
    random = Random(1)
    events = []
    for number in range(40):
        person = random.randrange(6)
        who: dict[str, object] = {"anonymousId": f"a{person}-{random.randrange(3)}"}
        if random.random() < 0.3:
            who["userId"] = f"u{person}"
        events.append(_event(number, 0, **who, **_call(random, number)))
    return [
        *events,
        _event(
            50,
            0,
            type="identify",
            anonymousId="a1-0",
            traits={"email": "ANA@shop.example", "plan": "pro", "age": 31},
        ),
        _event(
            51,
            0,
            type="identify",
            userId="u1",
            traits={"plan": None, "address": {"city": "Chur", "zip": "7000"}},
        ),
        _event(52, 0, type="page", anonymousId="kiosk", name="Home"),
        _event(53, 0, type="group", userId="u1", groupId="g1", traits={"name": "Acme", "seats": 5}),
        _event(62, 0, type="group", anonymousId="a2-0", groupId="g1", traits={"seats": 7.5, "town": "Bern"}),
        _event(63, 0, type="group", userId="u2", groupId="g2", traits={"seats": 1, "plan": "free"}),
        _event(64, 0, type="group", userId="u2", groupId="anonymous"),
        _event(54, 0, type="alias", userId="u1", previousId="a1-0"),
        # Two people at one till.
        _event(60, 0, type="page", name="Till", anonymousId="till", userId="u7"),
        _event(61, 0, type="page", name="Till", anonymousId="till", userId="u8"),
        # Two messages of one id: the earlier stays. Two without an id that are alike: both stay.
        _event(55, 0, type="track", event="Twice", userId="u2", properties={"which": "later"}),
        _event(55, 0, type="track", event="Twice", userId="u2", properties={"which": "later too"}),
        *(dict(_NO_ID) for _ in range(2)),
        # Equal times, told apart by their ids alone.
        {
            **_event(57, 0, type="identify", userId="u5", traits={"tie": "a"}),
            "timestamp": "2024-05-30T12:00:00Z",
        },
        {
            **_event(58, 0, type="identify", userId="u5", traits={"tie": "b"}),
            "timestamp": "2024-05-30T12:00:00Z",
        },
        _event(59, 0, type="screen", name="Start", anonymousId="a0-1", properties={"n": 1.5}),
    ]


def _second_day() -> list[dict[str, object]]:
    random = Random(2)
    merging = [
        _event(
            number,
            1,
            type="identify",
            anonymousId=f"a{number % 6}-{random.randrange(3)}",
            userId=f"u{number % 6}",
        )
        for number in range(12)
    ]
    late = _event(
        20,
        1,
        type="track",
        event="Order Completed",
        anonymousId="a9-9",
        properties={"total": "7", "city": "Genf"},
    )
    return [
        *merging,
        {**late, "timestamp": "2024-01-01T00:00:00Z"},
        _event(
            21, 1, type="identify", anonymousId="a9-9", traits={"email": "cy@shop.example", "new trait": True}
        ),
        *_first_day()[:3],
        # One company after all; the town is taken back, and a plan comes late.
        _event(23, 1, type="group", userId="u3", groupId="g1", traits={"town": None}, context=_also("g2")),
        {
            **_event(24, 1, type="group", userId="u1", groupId="g1", traits={"plan": "old", "floor": 3}),
            "timestamp": "2024-01-01T00:00:00Z",
        },
        _event(25, 1, type="track", event="Seat Taken", anonymousId="a5-0", context={"groupId": "g3"}),
        _event(
            22, 1, type="track", event="Order Completed", userId="u2", properties={"total": 3, "city": "Bern"}
        ),
    ]


def _also(group: str) -> dict[str, object]:
    return {"externalIds": [{"id": group, "type": "group_id", "collection": "accounts", "encoding": "none"}]}


def _call(random: Random, number: int) -> dict[str, object]:
    if random.random() < 0.5:
        return {"type": "page", "name": "Shop", "properties": {"path": f"/{number % 4}"}}
    city = random.choice(("Zürich", "Bern", None))
    return {"type": "track", "event": "Order Completed", "properties": {"total": number / 4, "city": city}}
