"""The crowd: who the sample's ordinary people are and what they carry."""

from __future__ import annotations

import random
import unicodedata
from dataclasses import dataclass, field

from .calls import random_uuid
from .words import CITIES, FIRST_NAMES, LAST_NAMES

PEOPLE = 5_000
UPLOADED_CLEAN = 2_000  # the first so many people are in the clean upload
UPLOADED_MESSY = 700  # and the next so many in the messy one
NEVER_LOG_IN = 0.22  # share of the others who only ever browse

_ASCII = str.maketrans(
    {"ø": "o", "ß": "ss", "ł": "l", "\N{LATIN SMALL LETTER DOTLESS I}": "i", "æ": "ae", "'": "", " ": ""}
)


@dataclass(slots=True)
class Device:
    """A browser or a phone. Clearing cookies or reinstalling gives it a new `anonymous_id`."""

    kind: str  # web | ios | android
    anonymous_id: str
    device_id: str | None
    logged_in: bool = False


@dataclass(slots=True)
class Person:
    """A made-up customer. `user_id` None means that they never open an account."""

    number: int
    first: str
    last: str
    email: str
    second_email: str | None
    phone: str | None
    user_id: str | None
    city: int
    weight: float
    newsletter: bool
    uploaded: str | None  # clean | messy | None
    known: bool  # has an account already
    points: int
    devices: list[Device] = field(default_factory=list)


def crowd(rng: random.Random) -> list[Person]:
    """All people, in the order of their customer numbers."""
    taken: set[str] = set()
    return [_person(rng, number, taken) for number in range(PEOPLE)]


def ascii_slug(name: str) -> str:
    """`Łukasz O'Brien` → `lukaszobrien`, as mail addresses are usually chosen."""
    plain = unicodedata.normalize("NFKD", name.lower().translate(_ASCII))
    return "".join(letter for letter in plain.translate(_ASCII) if letter.isascii() and letter.isalnum())


def phone_number(area: int, last_two: int) -> str:
    """`(212, 7)` → `+12125550107`."""
    return f"+1{area}55501{last_two:02d}"


def _person(rng: random.Random, number: int, taken: set[str]) -> Person:
    first, last = rng.choice(FIRST_NAMES), rng.choice(LAST_NAMES)
    uploaded = (
        "clean" if number < UPLOADED_CLEAN else "messy" if number < UPLOADED_CLEAN + UPLOADED_MESSY else None
    )
    anonymous = uploaded is None and rng.random() < NEVER_LOG_IN
    city = rng.randrange(len(CITIES))
    person = Person(
        number=number,
        first=first,
        last=last,
        email=_free_address(rng, first, last, taken),
        second_email=_free_address(rng, first[:1], last, taken) if rng.random() < 0.06 else None,
        phone=_phone(rng, city, taken) if rng.random() < 0.45 else None,
        user_id=None if anonymous else f"KT-{10_000 + number}",
        city=city,
        weight=min(rng.paretovariate(1.1), 40.0),
        newsletter=rng.random() < 0.35,
        uploaded=uploaded,
        known=uploaded is not None,
        points=rng.randrange(0, 900, 10),
    )
    person.devices = [_device(rng, kind) for kind in _device_kinds(rng)]
    return person


def _device_kinds(rng: random.Random) -> list[str]:
    phone = rng.choice(("ios", "android"))
    return rng.choices((["web"], ["web", phone], ["web", "web", phone], [phone]), (50, 30, 8, 12))[0]


def _device(rng: random.Random, kind: str) -> Device:
    return Device(kind, random_uuid(rng), None if kind == "web" else f"{kind[:3]}-{rng.getrandbits(48):012x}")


def _free_address(rng: random.Random, first: str, last: str, taken: set[str]) -> str:
    stem = f"{ascii_slug(first)}.{ascii_slug(last)}"
    domain = rng.choice(("example.com", "example.net", "example.org"))
    address, again = f"{stem}@{domain}", 2
    while address in taken:
        address, again = f"{stem}{again}@{domain}", again + 1
    taken.add(address)
    return address


def _phone(rng: random.Random, city: int, taken: set[str]) -> str | None:
    """A number of the city nobody has yet; None when that small made-up exchange is full."""
    number = phone_number(rng.choice(CITIES[city][4]), rng.randrange(100))
    if number in taken:
        return None
    taken.add(number)
    return number
