"""The planted people: one function per case, each with a customer number of its own (`KT-900nn`).

`../README.md` lists the same cases in the same order, with the query that finds each in the result.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from .calls import START, Body, Call, call, iso, message_id


def planted(rng: random.Random) -> list[Call]:
    """The calls of all cases."""
    return [made for case in CASES for made in case(rng)]


def on(day: int, hour: int = 12, minute: int = 0) -> datetime:
    """Noon of the day, counted from the first day of the sample (0)."""
    return START + timedelta(days=day, hours=hour, minutes=minute)


def _send(rng: random.Random, source: str, at: datetime, body: Body) -> Call:
    return call(source, at, {"messageId": message_id(rng, source), **body})


def _identify(rng: random.Random, at: datetime, traits: Body, source: str = "web", **who: object) -> Call:
    return _send(rng, source, at, {"type": "identify", **who, "traits": traits})


def _page(rng: random.Random, at: datetime, name: str, **who: object) -> Call:
    return _send(
        rng, "web", at, {"type": "page", "name": name, "properties": {"path": f"/{name.lower()}"}, **who}
    )


def _phone(kind: str, device_id: str) -> Body:
    return {"device": {"type": kind, "id": device_id}}


def devices_change(rng: random.Random) -> Iterator[Call]:
    """Inés gets a new phone and a new laptop: one profile, two device ids, three anonymous ids."""
    traits: Body = {"firstName": "Inés", "lastName": "Álvarez", "email": "ines.alvarez@example.com"}
    screen: Body = {"type": "screen", "name": "Basket", "anonymousId": "ines-app-old"}
    yield _send(rng, "app", on(2), {**screen, "context": _phone("ios", "ios-ines-old")})
    yield _identify(
        rng,
        on(2, 12, 3),
        traits,
        "app",
        anonymousId="ines-app-old",
        userId="KT-90001",
        context=_phone("ios", "ios-ines-old"),
    )
    yield _identify(
        rng,
        on(31),
        traits,
        "app",
        anonymousId="ines-app-new",
        userId="KT-90001",
        context=_phone("android", "and-ines-new"),
    )
    yield _identify(rng, on(60), traits, anonymousId="ines-laptop", userId="KT-90001")


def browsing_then_login(rng: random.Random) -> Iterator[Call]:
    """Björn, uploaded in June, browses logged out in July; the login joins the visitor to the customer."""
    for minute, name in enumerate(("Home", "Kitchen", "Checkout")):
        yield _page(rng, on(5, 20, minute), name, anonymousId="bjorn-laptop")
    yield _identify(
        rng,
        on(5, 20, 9),
        {"email": "bjorn.akesson@example.com"},
        anonymousId="bjorn-laptop",
        userId="KT-90002",
    )


def chain_of_merges(rng: random.Random) -> Iterator[Call]:
    """Zoë is three visitors; the youngest two join first, then both go into the oldest."""
    for day, device in ((3, "zoe-work"), (4, "zoe-home"), (6, "zoe-phone")):
        yield _page(rng, on(day), "Home", anonymousId=device)
    yield _identify(rng, on(8), {"email": "zoe.brontë@example.org"}, anonymousId="zoe-home")
    yield _identify(rng, on(9), {"email": "zoe.brontë@example.org"}, anonymousId="zoe-phone")
    yield _identify(rng, on(10), {"email": "zoe.brontë@example.org"}, anonymousId="zoe-work")


def two_addresses(rng: random.Random) -> Iterator[Call]:
    """Łukasz uses a private and a work address; his customer number joins the two profiles."""
    yield _identify(
        rng, on(11), {"email": "lukasz@example.net", "firstName": "Łukasz"}, anonymousId="lukasz-home"
    )
    yield _identify(
        rng, on(12), {"email": "L.Dabrowski@Example.com", "lastName": "Dąbrowski"}, anonymousId="lukasz-work"
    )
    yield _identify(rng, on(13), {"email": "lukasz@example.net"}, userId="KT-90004")
    yield _identify(rng, on(14), {"email": "l.dabrowski@example.com"}, userId="KT-90004")


def shared_address(rng: random.Random) -> Iterator[Call]:
    """Théo and Thaïs share one address; it stays with Théo, who came first."""
    for day, number, name in ((15, "KT-90005", "Théo"), (16, "KT-90006", "Thaïs")):
        yield _identify(rng, on(day), {"email": "famille.cote@example.org", "firstName": name}, userId=number)


def shared_browser(rng: random.Random) -> Iterator[Call]:
    """One household browser and no logout: the second login does not take over the first one's profile."""
    yield _identify(rng, on(17), {"firstName": "Priya"}, userId="KT-90007", anonymousId="household-browser")
    yield _identify(rng, on(18), {"firstName": "Omar"}, userId="KT-90008", anonymousId="household-browser")


def junk_identifiers(rng: random.Random) -> Iterator[Call]:
    """Values that mean nobody: blocked, so they join no one; the events keep them as they were sent."""
    yield _identify(
        rng, on(19), {"email": "test@test.com", "firstName": "Grace"}, userId="null", anonymousId="junk-1"
    )
    yield _identify(
        rng, on(19, 13), {"email": "Test@Test.com", "firstName": "Oscar"}, userId="0000", anonymousId="junk-2"
    )
    yield _identify(
        rng, on(19, 14), {"email": "test@test.com", "firstName": "Nadia"}, userId="-1", anonymousId="junk-3"
    )
    yield _page(rng, on(19, 15), "Lost", userId="null")


def six_addresses(rng: random.Random) -> Iterator[Call]:
    """Quentin collects addresses: five are mapped, the sixth is over the limit."""
    for number in range(1, 7):
        yield _identify(rng, on(19 + number), {"email": f"quentin{number}@example.com"}, userId="KT-90010")


def busy_week(rng: random.Random) -> Iterator[Call]:
    """Maeve clears her cookies daily: five new ids a week are mapped, a sixth is not, a later one is."""
    for day in (26, 27, 28, 29, 30, 31, 40):
        yield _page(rng, on(day), "Home", userId="KT-90011", anonymousId=f"maeve-{day}")


def removed_trait(rng: random.Random) -> Iterator[Call]:
    """Søren gives a nickname and takes it back with an explicit null."""
    yield _identify(
        rng, on(33), {"firstName": "Søren", "nickname": "Kierke", "shoe_size": 44}, userId="KT-90012"
    )
    yield _identify(rng, on(34), {"nickname": None, "shoe_size": 44.5}, userId="KT-90012")


def nested_and_emoji(rng: random.Random) -> Iterator[Call]:
    """Traits within traits, an array, emoji in a value, and a trait whose name is nothing but an emoji."""
    home: Body = {"city": "Trois-Rivières", "geo": {"lat": 46.34, "lon": -72.54}}
    traits: Body = {"firstName": "Amélie 🌻", "address": home, "interests": ["café", "thé"], "🎂": "03-14"}
    yield _identify(rng, on(35), traits, userId="KT-90013")
    properties: Body = {
        "order_id": "O-gift",
        "total": 59,
        "currency": "CAD",
        "channel": "web",
        "gift_message": "Joyeux noël 🎁, Zoë!",
    }
    yield _send(
        rng,
        "web",
        on(36),
        {"type": "track", "event": "Order Completed", "userId": "KT-90013", "properties": properties},
    )


def late_and_skewed(rng: random.Random) -> Iterator[Call]:
    """Noël's telephone was offline for six days, and its clock is two hours slow."""
    made, sent = on(40, 9), on(46, 9)
    body: Body = {
        "type": "track",
        "event": "Product Viewed",
        "userId": "KT-90014",
        "messageId": "app-late-noel",
    }
    clocks: Body = {
        "originalTimestamp": iso(made - timedelta(hours=2)),
        "sentAt": iso(sent - timedelta(hours=2)),
    }
    yield call("app", sent, body | {"properties": {"product": "Moka pot"}} | clocks, received=sent)
    yield _identify(rng, on(44), {"firstName": "Noël", "city": "Seattle"}, userId="KT-90014")
    late = {
        "type": "identify",
        "userId": "KT-90014",
        "messageId": "app-late-noel-2",
        "traits": {"city": "Portland"},
    }
    yield call("app", on(41), late, received=on(47))


def sent_twice(rng: random.Random) -> Iterator[Call]:
    """One order in two files (web delivered it again in August), and one id used for two different calls."""
    twice = message_id(rng, "web")
    order: Body = {"order_id": "O-twice", "total": 31.5, "currency": "USD", "channel": "web"}
    body: Body = {
        "type": "track",
        "event": "Order Completed",
        "messageId": twice,
        "userId": "KT-90015",
        "properties": order,
    }
    yield call("web", on(30), body)
    yield call("web", on(30), body, received=on(33))
    for minute, name in ((1, "first"), (2, "second")):
        page: Body = {"type": "page", "messageId": "web-same-id", "userId": "KT-90015", "name": name}
        yield call("web", on(31, 12, minute), page)


def companies(rng: random.Random) -> Iterator[Call]:
    """Two employees of one company; what a Group call says is the company's, not theirs."""
    office: Body = {
        "name": "Atelier Nørrebro",
        "plan": "business",
        "employees": 12,
        "email": "office@example.net",
    }
    for hour, number in ((9, "KT-90016"), (10, "KT-90017")):
        yield _identify(rng, on(48, hour), {"title": "Buyer"}, userId=number)
        yield _send(
            rng,
            "web",
            on(48, hour, 5),
            {"type": "group", "groupId": "atelier-norrebro", "userId": number, "traits": office},
        )


def alias_call(rng: random.Random) -> Iterator[Call]:
    """An Alias call is kept as an event and joins nobody."""
    yield _page(rng, on(50), "Home", anonymousId="alias-before")
    yield _send(rng, "web", on(50, 13), {"type": "alias", "userId": "KT-90018", "previousId": "alias-before"})


def odd_identifiers(rng: random.Random) -> Iterator[Call]:
    """A number as a customer number; an object as one (ignored); a type that the space does not declare."""
    yield _identify(rng, on(52), {"firstName": "Hiroko"}, userId=90019)
    yield _identify(rng, on(53), {"lastName": "Nakamura"}, userId="90019")
    yield _identify(rng, on(54), {"firstName": "Nobody"}, userId={"id": 1}, anonymousId="odd-object")
    card: Body = {"id": "CARD-7", "type": "loyalty_card", "collection": "users", "encoding": "none"}
    yield _page(rng, on(55), "Card", anonymousId="odd-card", context={"externalIds": [card]})


def unnamed_customer_at_a_tablet(rng: random.Random) -> Iterator[Call]:
    """Two walk-in sales without a name: one tablet belongs to its first shopper, the other is blocked."""
    for minute, tablet, store in (
        (0, "tablet-montreal-01", "Montréal Plateau"),
        (5, "tablet-sanjose-01", "San José Downtown"),
    ):
        order: Body = {
            "order_id": f"O-walk-in-{minute}",
            "total": 12,
            "currency": "USD",
            "channel": "store",
            "store_name": store,
        }
        body: Body = {
            "type": "track",
            "event": "Order Completed",
            "properties": order,
            "context": _phone("android", tablet),
        }
        yield _send(rng, "store", on(57, 15, minute), body)


def caller_becomes_customer(rng: random.Random) -> Iterator[Call]:
    """A caller known only by number, then a sale under that number and a customer number."""
    number: Body = {"id": "+12075550199", "type": "phone", "collection": "users", "encoding": "none"}
    properties: Body = {"duration": 640, "sentiment": "negative", "agent": "Noémie"}
    body: Body = {
        "type": "track",
        "event": "Support Call Ended",
        "properties": properties,
        "context": {"externalIds": [number]},
    }
    yield _send(rng, "callcentre", on(58), body)
    yield _identify(rng, on(59), {"phone": "(207) 555-0199", "firstName": "Véronique"}, userId="KT-90020")


CASES: tuple[Callable[[random.Random], Iterator[Call]], ...] = (
    devices_change,
    browsing_then_login,
    chain_of_merges,
    two_addresses,
    shared_address,
    shared_browser,
    junk_identifiers,
    six_addresses,
    busy_week,
    removed_trait,
    nested_and_emoji,
    late_and_skewed,
    sent_twice,
    companies,
    alias_call,
    odd_identifiers,
    unnamed_customer_at_a_tablet,
    caller_becomes_customer,
)
