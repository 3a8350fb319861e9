"""What a JSON scalar is, decided on its bytes: numbers by the type that keeps them, times by full ISO-8601.

Compiled, so that every value of a batch can be looked at. Sources: design section 6 (types of columns),
profiles-sync specification section 7. Offsets are into one buffer of JSON texts known to be valid.
"""

from __future__ import annotations

import numba
import numpy as np

from pipelines.profiles.octets import Bytes, Place
from pipelines.types import EXACT_IN_DOUBLE, Kind

INT = int(Kind.INT)
BIGINT = int(Kind.BIGINT)
HUGE = int(Kind.HUGE)
DOUBLE = int(Kind.DOUBLE)

_EXACT = np.uint64(EXACT_IN_DOUBLE)
_INT64_MAX = np.uint64(2**63 - 1)

# Numbers whose first digit stands for 10**308 or more, or for less than 10**-307, may overflow a double or
# lose digits in it. Only text keeps them, so they count as HUGE.
_LARGEST_EXPONENT = 307
_SMALLEST_EXPONENT = -307


@numba.njit(nogil=True, cache=True)
def number_kind(data: Bytes, start: Place, end: Place) -> int:
    """The `Kind` of the JSON number `data[start:end]`."""
    first = start + 1 if data[start] == 45 else start  # '-'
    for position in range(first, end):
        byte = data[position]
        if byte == 46 or byte == 69 or byte == 101:  # '.', 'E', 'e'
            return _fraction_kind(data, first, end)
    digits = end - first
    if digits <= 15:
        return INT
    if digits > 19:
        return HUGE
    value = np.uint64(0)
    for position in range(first, end):
        value = value * np.uint64(10) + np.uint64(data[position] - 48)
    if value <= _EXACT:
        return INT
    limit = _INT64_MAX + np.uint64(1) if first > start else _INT64_MAX
    return BIGINT if value <= limit else HUGE


@numba.njit(nogil=True, cache=True)
def _fraction_kind(data: Bytes, start: Place, end: Place) -> int:
    """DOUBLE, or HUGE where its first digit that is not zero is out of a double's normal range."""
    magnitude: Place = 0
    leading = -1  # places before the point, once the first digit that is not zero was met
    point = False
    exponent: Place = 0
    position: Place = start
    while position < end:
        byte = data[position]
        if byte == 46:
            point = True
        elif byte == 69 or byte == 101:
            exponent = _exponent(data, position + 1, end)
            break
        elif leading < 0 and byte == 48:
            if point:
                magnitude -= 1
        elif leading < 0:
            leading = 1
            magnitude = magnitude - 1 if point else 0
        elif not point:
            magnitude += 1
        position += 1
    if leading < 0:
        return DOUBLE  # zero, however it is written
    magnitude += exponent
    return DOUBLE if _SMALLEST_EXPONENT <= magnitude <= _LARGEST_EXPONENT else HUGE


@numba.njit(nogil=True, cache=True)
def _exponent(data: Bytes, start: Place, end: Place) -> Place:
    negative = data[start] == 45
    position = start + 1 if negative or data[start] == 43 else start
    value = 0
    while position < end:
        if value < 1_000_000:
            value = value * 10 + (data[position] - 48)
        position += 1
    return -value if negative else value


@numba.njit(nogil=True, cache=True)
def _digits(data: Bytes, start: Place, count: Place) -> Place:
    """The number written by `count` digits, -1 if one of them is none."""
    value: Place = 0
    for position in range(start, start + count):
        byte = data[position]
        if byte < 48 or byte > 57:
            return -1
        value = value * 10 + (byte - 48)
    return value


@numba.njit(nogil=True, cache=True)
def is_time(data: Bytes, start: Place, end: Place) -> bool:
    """Whether the text is a full ISO-8601 time with zone, for example `2026-01-31T08:00:00.5+01:00`.

    The day must exist; a leap second does not. Zones are `Z`, `+hh:mm`, `+hhmm`; at most nine decimals.
    """
    if end - start < 20 or data[start + 4] != 45 or data[start + 7] != 45 or data[start + 10] != 84:
        return False
    if data[start + 13] != 58 or data[start + 16] != 58:
        return False
    year, month, day = _digits(data, start, 4), _digits(data, start + 5, 2), _digits(data, start + 8, 2)
    hour, minute = _digits(data, start + 11, 2), _digits(data, start + 14, 2)
    second = _digits(data, start + 17, 2)
    if year < 1 or month < 1 or month > 12 or day < 1 or day > _days_in(year, month):
        return False
    if hour < 0 or hour > 23 or minute < 0 or minute > 59 or second < 0 or second > 59:
        return False
    zone = _zone(data, start, end)
    if zone == 0:
        return False
    return bool(_zone_minutes(data, zone, end) != _NO_ZONE)


_NO_ZONE = 10_000


@numba.njit(nogil=True, cache=True)
def _zone(data: Bytes, start: Place, end: Place) -> Place:
    """Where the zone starts, after the decimals if there are any; 0 if they are malformed."""
    position = start + 19
    if data[position] != 46:
        return position
    position += 1
    first = position
    while position < end and 48 <= data[position] <= 57:
        position += 1
    decimals = position - first
    return position if 1 <= decimals <= 9 and position < end else 0


@numba.njit(nogil=True, cache=True)
def _zone_minutes(data: Bytes, start: Place, end: Place) -> Place:
    """Minutes east of UTC, `_NO_ZONE` if the text from `start` on is no zone."""
    if data[start] == 90:
        return 0 if end - start == 1 else _NO_ZONE
    if data[start] != 43 and data[start] != 45:
        return _NO_ZONE
    if end - start == 6 and data[start + 3] == 58:
        minutes = _digits(data, start + 4, 2)
    elif end - start == 5:
        minutes = _digits(data, start + 3, 2)
    else:
        return _NO_ZONE
    hours = _digits(data, start + 1, 2)
    if hours < 0 or hours > 23 or minutes < 0 or minutes > 59:
        return _NO_ZONE
    return hours * 60 + minutes if data[start] == 43 else -(hours * 60 + minutes)


@numba.njit(nogil=True, cache=True)
def _is_leap(year: Place) -> bool:
    return (year % 4 == 0 and year % 100 != 0) or year % 400 == 0


@numba.njit(nogil=True, cache=True)
def _days_in(year: Place, month: Place) -> int:
    if month == 2:
        return 29 if _is_leap(year) else 28
    return 30 if month == 4 or month == 6 or month == 9 or month == 11 else 31


@numba.njit(nogil=True, cache=True)
def microseconds(data: Bytes, start: Place, end: Place) -> Place:
    """UTC microseconds since 1970 of a text for which `is_time` holds; decimals after the sixth are cut."""
    year, month, day = _digits(data, start, 4), _digits(data, start + 5, 2), _digits(data, start + 8, 2)
    past = year - 1
    days = past * 365 + past // 4 - past // 100 + past // 400 - 719162
    days += day - 1 + (1 if month > 2 and _is_leap(year) else 0)
    for passed in range(1, month):
        days += _days_in(1, passed)
    minutes = days * 1440 + _digits(data, start + 11, 2) * 60 + _digits(data, start + 14, 2)
    zone = _zone(data, start, end)
    seconds = (minutes - _zone_minutes(data, zone, end)) * 60 + _digits(data, start + 17, 2)
    micros: Place = 0
    for place in range(start + 20, start + 26):
        micros = micros * 10 + (data[place] - 48 if place < zone else 0)
    return seconds * 1_000_000 + micros
