"""Lengths of time as people write them in a space file or on the command line: `90 days`, `24h`, `5m`."""

from __future__ import annotations

import re
from datetime import timedelta

_SPELLINGS = {
    "seconds": ("s", "sec", "second", "seconds"),
    "minutes": ("m", "min", "minute", "minutes"),
    "hours": ("h", "hour", "hours"),
    "days": ("d", "day", "days"),
    "weeks": ("w", "week", "weeks"),
}
_UNITS = {spelling: unit for unit, spellings in _SPELLINGS.items() for spelling in spellings}
_DURATION = re.compile(r"(\d{1,6}) *([a-z]+)")

EXPECTED = "a number and a unit, such as 30 s, 5 minutes, 24 h, 90 days or 12 weeks"


def duration(text: str) -> timedelta:
    """The length of time that `text` spells; ValueError (saying what is expected) if it spells none.

    >>> duration("90 days"), duration("24h"), duration("1 week")
    (datetime.timedelta(days=90), datetime.timedelta(days=1), datetime.timedelta(days=7))
    """
    match = _DURATION.fullmatch(text.strip().lower())
    if match is None or match[2] not in _UNITS:
        raise ValueError(EXPECTED)
    return timedelta(**{_UNITS[match[2]]: int(match[1])})
