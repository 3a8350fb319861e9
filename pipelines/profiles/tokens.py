"""Find the ends of JSON tokens, and what kind of value a token is, in text known to be valid JSON."""

from __future__ import annotations

import numba
import numpy as np

from pipelines.profiles.octets import EACH, EIGHT, HIGH, ONE, TWO, ZERO, Bytes, word
from pipelines.profiles.scalars import is_time, number_kind
from pipelines.types import Kind

ESCAPED = 1024
"""Set beside a `Kind` for a text that holds a backslash, or an escape, to be undone."""

QUOTE, BACKSLASH, OPEN, CLOSE = 34, 92, 123, 125
_OPEN_LIST, _CLOSE_LIST, _COMMA, _N, _T, _F = 91, 93, 44, 110, 116, 102
_QUOTES = EACH * np.uint64(QUOTE)
_BACKSLASHES = EACH * np.uint64(BACKSLASH)
_SHORTEST_TIME = np.uint64(20)

_NULL, _BOOL = int(Kind.NULL), int(Kind.BOOL)
_TEXT, _TIMESTAMP = int(Kind.TEXT), int(Kind.TIMESTAMP)
_ARRAY, _OBJECT = int(Kind.ARRAY), int(Kind.OBJECT)


@numba.njit(nogil=True, cache=True)
def _special(data: Bytes, position: np.uint64) -> np.uint64:
    """The next quote or backslash from `position` on, found eight bytes a step."""
    while True:
        eight = word(data, position)
        quotes, backslashes = eight ^ _QUOTES, eight ^ _BACKSLASHES
        # The high bit of each byte that was zero, which is right for the lowest of them.
        found = (((quotes - EACH) & ~quotes) | ((backslashes - EACH) & ~backslashes)) & HIGH
        if found != ZERO:
            below = (found & (~found + ONE)) - ONE
            return position + ((((below & EACH) * EACH) >> np.uint64(56)) - ONE)
        position += EIGHT


@numba.njit(nogil=True, cache=True)
def string_end(data: Bytes, position: np.uint64) -> np.uint64:
    """Where the closing quote of the string stands whose first character is at `position`."""
    position = _special(data, position)
    while data[position] == BACKSLASH:
        position = _special(data, position + TWO)
    return position


@numba.njit(nogil=True, cache=True)
def _nested_end(data: Bytes, position: np.uint64) -> np.uint64:
    """Just behind the array or object that opens at `position`."""
    depth = 0
    while True:
        byte = data[position]
        position += ONE
        if byte == QUOTE:
            position = string_end(data, position) + ONE
        elif byte == OPEN or byte == _OPEN_LIST:  # noqa: SIM109  # numba makes a table look-up of `in`
            depth += 1
        elif byte == CLOSE or byte == _CLOSE_LIST:  # noqa: SIM109  # numba makes a table look-up of `in`
            depth -= 1
            if depth == 0:
                return position


@numba.njit(nogil=True, cache=True)
def _literal_end(data: Bytes, position: np.uint64) -> np.uint64:
    """Just behind the number, `true`, `false` or `null` that starts at `position`."""
    byte = data[position]
    while byte != _COMMA and byte != CLOSE and byte > 32:
        position += ONE
        byte = data[position]
    return position


@numba.njit(nogil=True, cache=True)
def value(data: Bytes, position: np.uint64, plain: bool) -> tuple[int, np.uint64, np.uint64]:
    """The kind of the value that starts at `position`, and where its text starts and ends.

    The text of a string is without its quotes. Where `plain`, a string is text even if it looks like a time.
    """
    byte = data[position]
    if byte == QUOTE:
        first = position + ONE
        last = _special(data, first)
        if data[last] == BACKSLASH:
            return _TEXT | ESCAPED, first, string_end(data, last)
        if not plain and last - first >= _SHORTEST_TIME and is_time(data, np.int64(first), np.int64(last)):
            return _TIMESTAMP, first, last
        return _TEXT, first, last
    if byte == OPEN or byte == _OPEN_LIST:  # noqa: SIM109  # numba makes a table look-up of `in`
        return _OBJECT if byte == OPEN else _ARRAY, position, _nested_end(data, position)
    last = _literal_end(data, position)
    if byte == _N:
        return _NULL, position, last
    if byte == _T or byte == _F:  # noqa: SIM109  # numba makes a table look-up of `in`
        return _BOOL, position, last
    return number_kind(data, np.int64(position), np.int64(last)), position, last
