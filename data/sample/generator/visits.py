"""What the crowd does in 90 days: visits to the shop and the app, tills, newsletters, telephone calls.

Visits are drawn first and played in time order, so that a login, a cleared cookie or a changed phone holds
for everything the person does afterwards.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from .calls import DAYS, END, START, Body, Call, call, iso, message_id, random_uuid
from .people import Device, Person
from .words import AGENTS, BROWSERS, CAMPAIGNS, CITIES, PRODUCTS, SENTIMENTS, STORES, SUBJECTS, TABLETS

VISITS = {"web": 6_700, "app": 2_760, "store": 2_100, "newsletter": 5_200, "callcentre": 1_150}
CLEARED_COOKIES = 0.07
LOGS_IN = 0.45
SENT_LATER = 0.04  # app visits made offline and sent days afterwards


@dataclass(frozen=True, slots=True)
class Visit:
    """One coming together of a person and a source; `device` only where there is one of their own."""

    at: datetime
    source: str
    person: Person
    device: Device | None


def everyday(rng: random.Random, people: Sequence[Person]) -> list[Call]:
    """Every call of every ordinary visit."""
    play = {"web": _browse, "app": _browse, "store": _till, "newsletter": _newsletter, "callcentre": _support}
    visits = sorted(_visits(rng, people), key=lambda visit: visit.at)
    return [made for visit in visits for made in play[visit.source](rng, visit)]


def _visits(rng: random.Random, people: Sequence[Person]) -> Iterator[Visit]:
    """The visits of each source: who goes is drawn by weight, so a few people come very often."""
    able = {
        "web": [p for p in people if any(d.kind == "web" for d in p.devices)],
        "app": [p for p in people if any(d.kind != "web" for d in p.devices)],
        "store": [p for p in people if p.user_id],
        "newsletter": [p for p in people if p.newsletter and p.user_id],
        "callcentre": [p for p in people if p.phone and p.user_id],
    }
    for source, count in VISITS.items():
        weights = [p.weight for p in able[source]]
        for person in rng.choices(able[source], weights, k=count):
            kinds = [d for d in person.devices if (d.kind == "web") == (source == "web")]
            device = rng.choice(kinds) if source in ("web", "app") else None
            yield Visit(_moment(rng), source, person, device)


def _moment(rng: random.Random) -> datetime:
    """Evenings and daytime, any day, kept clear of the last day so that late calls still fit."""
    hour = rng.choices(
        range(24), (1, 1, 1, 1, 1, 2, 4, 6, 7, 8, 8, 9, 10, 9, 8, 8, 9, 10, 12, 13, 12, 9, 5, 2)
    )[0]
    return START + timedelta(days=rng.randrange(DAYS - 1), hours=hour, milliseconds=rng.randrange(3_600_000))


def _browse(rng: random.Random, visit: Visit) -> Iterator[Call]:
    """A visit to the web shop or the app: looking around, perhaps a login, perhaps an order."""
    person, device, source = visit.person, visit.device, visit.source
    if device is None:  # only tills, newsletters and telephone calls go without
        return
    _renew(rng, device)
    context = _context(rng, device, person)
    delay = _delay(rng, visit)
    will_log_in = (
        person.user_id is not None
        and not device.logged_in
        and rng.random() < (LOGS_IN if person.known else 0.25)
    )
    at = visit.at

    def made(body: Body) -> Call:
        nonlocal at
        at += timedelta(milliseconds=rng.randrange(2_000, 70_000))
        who: Body = {"anonymousId": device.anonymous_id}
        if device.logged_in and person.user_id:
            who["userId"] = person.user_id
        full = {"messageId": message_id(rng, source), **body, **who, "context": context}
        return _offline(source, at, full, at + delay) if delay else call(source, at, full)

    yield made(_view(source, "Home"))
    seen = rng.sample(PRODUCTS, rng.choices((1, 2, 3, 4), (30, 40, 20, 10))[0])
    for product in seen:
        if rng.random() < 0.5:
            yield made(_view(source, "Product"))
        yield made(_product("Product Viewed", product))
    if will_log_in:
        device.logged_in = person.known = True
        yield made({"type": "identify", "traits": _traits(rng, person)})
    basket = [product for product in seen if rng.random() < 0.35]
    for product in basket:
        yield made(_product("Product Added", product))
    if basket and device.logged_in and rng.random() < 0.6:
        yield made(_order(rng, person, sum(product[2] for product in basket), source, None))


def _delay(rng: random.Random, visit: Visit) -> timedelta | None:
    """How much later an offline visit to the app is sent; None when it is sent at once."""
    late = visit.source == "app" and rng.random() < SENT_LATER and visit.at < END - timedelta(days=12)
    return timedelta(days=rng.randrange(1, 10), minutes=rng.randrange(600)) if late else None


def _till(rng: random.Random, visit: Visit) -> Iterator[Call]:
    """A sale at a store: the tablet at the till says who it is, and is the same tablet for everyone."""
    person, at = visit.person, visit.at
    store = (person.city + rng.choice((0, 0, 0, 1))) % len(STORES)
    who: Body = {"userId": person.user_id, "context": {"device": {"type": "android", "id": TABLETS[store]}}}
    person.known = True
    if rng.random() < 0.4:
        yield call(
            "store",
            at,
            {
                "messageId": message_id(rng, "store"),
                "type": "identify",
                "traits": _traits(rng, person),
                **who,
            },
        )
    order = _order(
        rng, person, sum(p[2] for p in rng.sample(PRODUCTS, rng.randrange(1, 4))), "store", STORES[store]
    )
    yield call("store", at + timedelta(seconds=90), {"messageId": message_id(rng, "store"), **order, **who})


def _newsletter(rng: random.Random, visit: Visit) -> Iterator[Call]:
    """An opened newsletter knows nothing but the address it was sent to."""
    person = visit.person
    address = person.second_email if person.second_email and rng.random() < 0.3 else person.email
    properties = {"subject": rng.choice(SUBJECTS), "campaign": rng.choice(CAMPAIGNS)}
    body: Body = {"messageId": message_id(rng, "newsletter"), "type": "track", "event": "Newsletter Opened"}
    yield call(
        "newsletter", visit.at, {**body, "properties": properties, "context": {"traits": {"email": address}}}
    )


def _support(rng: random.Random, visit: Visit) -> Iterator[Call]:
    """A telephone call knows the caller's number."""
    number = {"id": visit.person.phone, "type": "phone", "collection": "users", "encoding": "none"}
    properties = {
        "duration": rng.randrange(25, 1_500),
        "sentiment": rng.choice(SENTIMENTS),
        "agent": rng.choice(AGENTS),
    }
    body: Body = {"messageId": message_id(rng, "callcentre"), "type": "track", "event": "Support Call Ended"}
    yield call(
        "callcentre", visit.at, {**body, "properties": properties, "context": {"externalIds": [number]}}
    )


def _renew(rng: random.Random, device: Device) -> None:
    """Now and then cookies are cleared or the app is installed again: a new anonymous id, logged out."""
    if rng.random() < CLEARED_COOKIES:
        device.anonymous_id, device.logged_in = random_uuid(rng), False


def _context(rng: random.Random, device: Device, person: Person) -> Body:
    locale = "fr-CA" if CITIES[person.city][1] == "QC" else "en-" + CITIES[person.city][3]
    if device.kind == "web":
        context: Body = {
            "locale": locale,
            "library": {"name": "analytics.js"},
            "browser": rng.choice(BROWSERS),
        }
        return context | ({"campaign": {"name": rng.choice(CAMPAIGNS)}} if rng.random() < 0.2 else {})
    version = rng.choice(("4.1.0", "4.2.0", "4.2.1"))
    return {
        "locale": locale,
        "app": {"version": version},
        "device": {"type": device.kind, "id": device.device_id},
    }


def _view(source: str, name: str) -> Body:
    path = "/" if name == "Home" else "/" + name.lower()
    return (
        {"type": "page", "name": name, "properties": {"path": path}}
        if source == "web"
        else {"type": "screen", "name": name}
    )


def _product(event: str, product: tuple[str, str, float]) -> Body:
    name, category, price = product
    return {
        "type": "track",
        "event": event,
        "properties": {"product": name, "category": category, "price": price},
    }


def _order(rng: random.Random, person: Person, total: float, channel: str, store: str | None) -> Body:
    properties: Body = {
        "order_id": f"O-{rng.getrandbits(36):09x}",
        "total": total,
        "currency": "CAD" if CITIES[person.city][3] == "CA" else "USD",
        "channel": channel,
    }
    return {
        "type": "track",
        "event": "Order Completed",
        "properties": properties | ({"store_name": store} if store else {}),
    }


def _traits(rng: random.Random, person: Person) -> Body:
    """What an account page or a till knows; points grow, so that a later identify changes something."""
    person.points += rng.randrange(0, 60, 10)
    city, state, postal_code, country, _ = CITIES[person.city]
    traits: Body = {"firstName": person.first, "lastName": person.last, "loyalty_points": person.points}
    if rng.random() < 0.8:
        traits["email"] = person.second_email if person.second_email and rng.random() < 0.4 else person.email
    if person.phone and rng.random() < 0.5:
        traits["phone"] = person.phone
    if rng.random() < 0.5:
        traits["address"] = {"city": city, "state": state, "postalCode": postal_code, "country": country}
    return traits


def _offline(source: str, at: datetime, body: Body, received: datetime) -> Call:
    """Made without a network: the client's clock is kept, and the time is worked out from three clocks."""
    clocks: Body = {"originalTimestamp": iso(at), "sentAt": iso(received - timedelta(seconds=2))}
    return call(source, at, body | clocks, received=received)
