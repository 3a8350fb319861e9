"""The two CSV uploads of customers from before the sample's first day: one clean, one as such files are."""

from __future__ import annotations

import csv
import io
import random
import unicodedata
from collections.abc import Iterator, Sequence

from .people import Person
from .words import CITIES

CLEAN_HEADER = [
    "user_id",
    "email",
    "phone",
    "first_name",
    "last_name",
    "city",
    "birthday",
    "loyalty_points",
    "newsletter",
    "lifetime_spend",
]
MESSY_HEADER = [
    "Customer No",
    "E-Mail",
    "Phone Number",
    "First Name",
    "Last Name",
    "City",
    "Notes",
    "Updated",
]

PLANTED_CLEAN = (
    (
        "KT-90002",
        "bjorn.akesson@example.com",
        "",
        "Björn",
        "Åkesson",
        "Minneapolis",
        "1984-02-29",
        "120",
        "true",
        "310.50",
    ),
    (
        "KT-90021",
        "sinead@example.com",
        "+12125550101",
        "Sinéad",
        "O'Shea",
        "New York",
        "1990-11-02",
        "40",
        "false",
        "88.00",
    ),
)
PLANTED_MESSY = (
    # the customer of the clean file again: other number, same telephone; and twice in this file
    ("", "", "(212) 555-0101", "Sinéad", "", "", "moved to Brooklyn", "2026-06-02T10:00:00Z"),
    ("", "sinead@example.com", "", "", "", "Brooklyn", "", "2026-06-03T10:00:00Z"),
    # junk instead of identifiers
    ("null", "test@test.com", "0000", "Till", "Test", "", "delete me", "2026-06-04T10:00:00Z"),
    ("0000", "gokhan@example.net", "", "Gökhan", "Öztürk", "Toronto", "", "2026-06-04T11:00:00Z"),
    # quotes, a line break and emoji inside a cell; a decomposed accent
    (
        "KT-90022",
        "",
        "",
        "Renée",
        "d'Amico",
        "Québec",
        'says "call me",\nafter 18:00 ☎️',
        "2026-06-05T10:00:00Z",
    ),
    (
        "KT-90023",
        "ANAÏS@Example.ORG",
        "",
        unicodedata.normalize("NFD", "Anaïs"),
        "Côté",
        "Montréal",
        "🧡",
        "2026-06-05T11:00:00Z",
    ),
)
BAD_ROWS = (
    "KT-90024,short@example.com,,Short,Row",
    "KT-90025,long@example.com,,Long,Row,Austin,,2026-06-06T10:00:00Z,one,too many",
    ",,,No,Identifier,Austin,walk-in,2026-06-06T11:00:00Z",
    "KT-90026,never@example.com,,Bad,Date,Austin,,32/13/2026",
    "KT-90027,future@example.com,,From,Tomorrow,Austin,,2999-01-01T00:00:00Z",
)


def clean_upload(rng: random.Random, people: Sequence[Person]) -> str:
    """UTF-8, one line per customer, blank where nothing is known."""
    rows = [_clean_row(rng, person) for person in people if person.uploaded == "clean"]
    return _csv([CLEAN_HEADER, *rows, *PLANTED_CLEAN], "\n")


def messy_upload(rng: random.Random, people: Sequence[Person]) -> str:
    """Byte-order mark, Windows line ends, blank lines, shouted addresses, national numbers, broken rows."""
    rows = [row for person in people if person.uploaded == "messy" for row in _messy_rows(rng, person)]
    good = _csv([MESSY_HEADER, *rows, *PLANTED_MESSY], "\r\n")
    return "\ufeff" + good + "\r\n" + "\r\n".join(BAD_ROWS) + "\r\n\r\n"


def _clean_row(rng: random.Random, person: Person) -> tuple[str, ...]:
    birthday = f"{rng.randrange(1945, 2007)}-{rng.randrange(1, 13):02d}-{rng.randrange(1, 29):02d}"
    return (
        person.user_id or "",
        person.email if rng.random() < 0.95 else "",
        person.phone or "",
        person.first,
        person.last,
        CITIES[person.city][0],
        birthday if rng.random() < 0.7 else "",
        str(person.points),
        "true" if person.newsletter else "false",
        f"{rng.paretovariate(1.3) * 20:.2f}" if rng.random() < 0.8 else "",
    )


def _messy_rows(rng: random.Random, person: Person) -> Iterator[tuple[str, ...]]:
    """One row, now and then a second one with what was learned later."""
    email = person.email.upper() if rng.random() < 0.3 else person.email
    first = unicodedata.normalize("NFD", person.first) if rng.random() < 0.1 else person.first
    number = person.user_id if rng.random() < 0.8 else ""
    day = rng.randrange(1, 25)
    updated = f"2026-05-{day:02d}T{rng.randrange(24):02d}:00:00Z"
    yield (
        number or "",
        email,
        _national(person.phone),
        first,
        person.last,
        CITIES[person.city][0],
        "",
        updated,
    )
    if rng.random() < 0.08:
        note = rng.choice(("returns a lot", "VIP ⭐", "prefers French", "asked about “Fjäll”"))
        yield ("", email.lower(), "", "", "", "", note, f"2026-05-{day + 3:02d}T09:00:00Z")


def _national(phone: str | None) -> str:
    """`+12125550142` → `(212) 555-0142`."""
    return f"({phone[2:5]}) {phone[5:8]}-{phone[8:]}" if phone else ""


def _csv(rows: Sequence[Sequence[str]], newline: str) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator=newline).writerows(rows)
    return text.getvalue()
