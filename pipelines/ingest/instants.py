"""Times as most of them are spelled, `2026-01-31T09:30:00.123Z`, read by a compiled pass over their bytes."""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt
import pyarrow as pa

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]

_NONE = np.iinfo(np.int64).min
_ZERO, _NINE, _HYPHEN, _COLON, _POINT, _T, _Z = b"09-:.TZ"
_SHORTEST, _LONGEST = len("2026-01-31T09:30:00Z"), len("2026-01-31T09:30:00.123456Z")
_DAYS_BEFORE = np.array([0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365], np.int64)
_EPOCH = 719_162
"""Days before 1970 since the year 1."""


def instants(data: Bytes, starts: Ints, ends: Ints) -> pa.TimestampArray:
    """The stretches of `data` as UTC times in microseconds; NULL where there is none (start below 0) or where
    it is spelled in any other way, or names no time: those are left to `expressions.time_of`.
    """
    found = _instants(data, starts, ends)
    missing = found == _NONE
    return pa.array(found, pa.int64(), mask=missing if missing.any() else None).view(pa.timestamp("us"))


@numba.njit(nogil=True, cache=True)
def _instants(data: Bytes, starts: Ints, ends: Ints) -> Longs:
    found = np.full(len(starts), _NONE, np.int64)
    for row in range(len(starts)):
        start, size = starts[row], ends[row] - starts[row]
        if start >= 0 and _SHORTEST <= size <= _LONGEST:
            found[row] = _instant(data, start, size)
    return found


@numba.njit(nogil=True, cache=True)
def _instant(data: Bytes, start: int, size: int) -> int:
    """Microseconds since 1970, of a text of `_SHORTEST` to `_LONGEST` bytes."""
    parted = (
        data[start + 4] == _HYPHEN
        and data[start + 7] == _HYPHEN
        and data[start + 10] == _T
        and data[start + 13] == _COLON
        and data[start + 16] == _COLON
        and data[start + size - 1] == _Z
    )
    year, month, day = _digits(data, start, 4), _digits(data, start + 5, 2), _digits(data, start + 8, 2)
    hour, minute = _digits(data, start + 11, 2), _digits(data, start + 14, 2)
    second, part = _digits(data, start + 17, 2), 0
    if size > _SHORTEST:
        digits = size - _SHORTEST - 1
        parted = parted and data[start + 19] == _POINT and digits > 0
        part = _digits(data, start + 20, digits)
        for _ in range(6 - digits):
            part *= 10
    if not parted or year < 1 or not 1 <= month <= 12 or day < 1 or part < 0:
        return _NONE
    leap = (year % 4 == 0 and year % 100 != 0) or year % 400 == 0
    if day > _DAYS_BEFORE[month] - _DAYS_BEFORE[month - 1] + (leap and month == 2):
        return _NONE
    if not (0 <= hour < 24 and 0 <= minute < 60 and 0 <= second < 60):
        return _NONE
    past = year - 1
    days = past * 365 + past // 4 - past // 100 + past // 400 + _DAYS_BEFORE[month - 1] + day - 1 - _EPOCH
    seconds = ((days + (leap and month > 2)) * 24 + hour) * 3600 + minute * 60 + second
    return int(seconds * 1_000_000 + part)


@numba.njit(nogil=True, cache=True)
def _digits(data: Bytes, start: int, count: int) -> int:
    """The number that so many digits spell; far below 0 if one of them is none."""
    value = np.int64(0)
    for position in range(start, start + count):
        if not _ZERO <= data[position] <= _NINE:
            return -10_000_000_000
        value = value * 10 + (data[position] - _ZERO)
    return int(value)
