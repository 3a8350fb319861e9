"""The top-level fields of calls found in their lines, compiled: most lines need no JSON parser.

A line is *simple* if it is strictly valid JSON, an object with every known field at most once, texts without
escapes or integers where texts belong, and objects where documents do. The fields of a simple line are slices
of its bytes. Every other line, the broken ones included, is left to DuckDB's parser, which thereby alone says
what is wrong with it. A simple line is *plain* if its documents are spelled as DuckDB would write them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numba
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.ids import load_tail, load_word

Bytes = npt.NDArray[np.uint8]
Longs = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]

TEXT, TIME, DOCUMENT = range(3)
"""What a field holds: a string or an integer, a string, an object."""

_VALUE, _VALUE_OR_END, _KEY, _KEY_OR_END, _AFTER = range(5)
_STRING, _INTEGER, _OTHER = range(3)
_DEEPEST = 60
_STOPS = np.isin(np.arange(256), [*range(32), 34, 92])
"""Bytes that end the plain run of a string: control characters (a newline is one), quote, backslash."""
_ESCAPES = np.isin(np.arange(256), np.frombuffer(b'"\\/bfnrt', np.uint8))
"""What may follow a backslash, but for `u`."""
_WORDS = np.frombuffer(b"\x04true\0\x05false\x04null\0", np.uint8)
_TAB, _LF, _CR, _BLANK, _QUOTE, _COMMA, _MINUS, _POINT, _SOLIDUS, _COLON = b'\t\n\r ",-./:'
_ZERO, _NINE, _UPPER_E, _LOWER_E, _LOWER_N, _BACKSLASH = b"09Een\\"
_OPEN_ARRAY, _CLOSE_ARRAY, _OPEN_OBJECT, _CLOSE_OBJECT = b"[]{}"
_NULL = -2
"""Start of a field that is there and null."""
_MOST_WHOLE = 18
"""Digits that any 64-bit integer keeps."""
_MOST_DIGITS = 15
"""Decimal digits that any double keeps, so that its shortest spelling is the one in the text."""


class Found(NamedTuple):
    """Per field and line the bounds of its value (start below 0: none), and what kind of line it is."""

    starts: Ints
    ends: Ints
    simple: Flags
    plain: Flags

    def has(self, field: int) -> bool:
        """Whether any line has the field."""
        return bool(self.starts[field].max(initial=-1) >= 0)


class Keys(NamedTuple):
    """Names as one run of bytes with their offsets."""

    names: Bytes
    offsets: Longs


def keys(names: Sequence[str]) -> Keys:
    """The names for the compiled code."""
    encoded = [name.encode() for name in names]
    return Keys(
        np.frombuffer(b"".join(encoded) or b"\0", np.uint8),
        np.cumsum([0, *(len(name) for name in encoded)], dtype=np.int64),
    )


def column(text: bytes, found: Found, field: int) -> Any:  # Any: pyarrow types arrays by their value
    """A field of all lines as an Arrow array of views into `text`; NULL where it is not there."""
    return slices(text, found.starts[field], found.ends[field])


def slices(text: bytes, starts: Longs | Ints, ends: Longs | Ints) -> Any:  # Any: as above
    """Stretches of `text` as an Arrow array of views; NULL where the start is below 0."""
    views, valid = _views(np.frombuffer(text, np.uint8), starts, ends)
    return pa.Array.from_buffers(
        pa.string_view(), len(starts), [pa.py_buffer(valid), pa.py_buffer(views), pa.py_buffer(text)]
    )


@numba.njit(nogil=True, cache=True)
def _views(data: Bytes, starts: Longs | Ints, ends: Longs | Ints) -> tuple[Words, Bytes]:
    """Arrow's string views, and a bit for each that is there.

    A view is the length, then up to 12 bytes of text, or 4 of them, the number of a buffer (0) and an offset.
    """
    count = len(starts)
    views, valid = np.zeros(2 * count, np.uint64), np.zeros((count + 7) // 8, np.uint8)
    half, four = np.uint64(32), np.uint64(4)
    for row in range(count):
        if starts[row] < 0:
            continue
        valid[row >> 3] |= np.uint8(1 << (row & 7))
        start, size = np.uint64(starts[row]), np.uint64(ends[row] - starts[row])
        if size > 12:
            views[2 * row] = size | load_word(data, start) << half
            views[2 * row + 1] = start << half
        else:
            first = min(size, four)
            views[2 * row] = size | load_tail(data, start, first) << half
            views[2 * row + 1] = load_tail(data, start + first, size - first)
    return views, valid


@numba.njit(nogil=True, cache=True)
def find(  # noqa: C901, PLR0912, PLR0915  # one automaton: a branch a kind of token
    data: Bytes, lines: Longs, fields: Keys, kinds: Bytes, asked: Keys, seen: Flags
) -> Found:
    """Find the fields of every line; note in `seen` which of the `asked` keys a document has at its top.

    `lines` are where lines start; each ends in a newline, which no string or number goes beyond.
    """
    starts = np.full((len(kinds), len(lines)), -1, np.int32)
    ends = np.zeros((len(kinds), len(lines)), np.int32)
    simple, plain = np.zeros(len(lines), np.bool_), np.zeros(len(lines), np.bool_)
    for line in range(len(lines)):
        position = lines[line]
        depth, objects, field = 0, np.uint64(0), -1  # `objects`: a bit a level, the innermost last
        state, good, exact = _VALUE, True, True
        while good:
            byte = data[position]
            if byte <= _BLANK:
                if byte == _LF:
                    break
                good = byte in (_BLANK, _CR, _TAB)
                exact = exact and depth < 2
                position += 1
                continue
            start, kind, closed = position, _OTHER, False
            in_object = objects & np.uint64(1) == np.uint64(1)
            if state == _AFTER:
                position += 1
                if byte == _COMMA and depth > 0:
                    state = _KEY if in_object else _VALUE
                    continue
                closed = byte == (_CLOSE_OBJECT if in_object else _CLOSE_ARRAY)
                good = closed and depth > 0
            elif byte == _QUOTE:
                position, escaped, usual = _string(data, position + 1)
                good, exact = position > 0, exact and usual
                if good and state in (_KEY, _KEY_OR_END):
                    state = _VALUE
                    if depth == 1:
                        field = _index(data, start + 1, position - 1, fields)
                        good = not escaped and (field < 0 or starts[field, line] == -1)
                    elif depth == 2 and escaped:
                        seen[:] = True
                    elif depth == 2 and len(seen):
                        key = _index(data, start + 1, position - 1, asked)
                        if key >= 0:
                            seen[key] = True
                    while data[position] in (_BLANK, _TAB):
                        exact = exact and depth < 2
                        position += 1
                    good = good and data[position] == _COLON
                    position += 1
                    continue
                kind = _OTHER if escaped else _STRING
            elif state in (_KEY_OR_END, _KEY):
                position += 1
                closed = good = state == _KEY_OR_END and byte == _CLOSE_OBJECT
            elif byte == _CLOSE_ARRAY:
                position += 1
                closed = good = state == _VALUE_OR_END
            elif byte in (_OPEN_OBJECT, _OPEN_ARRAY):
                good = depth < _DEEPEST and (depth > 0 or byte == _OPEN_OBJECT)
                if good and depth == 1 and field >= 0:
                    good = kinds[field] == DOCUMENT and byte == _OPEN_OBJECT
                    starts[field, line] = position
                depth += 1
                objects = objects << np.uint64(1) | np.uint64(byte == _OPEN_OBJECT)
                state = _KEY_OR_END if byte == _OPEN_OBJECT else _VALUE_OR_END
                position += 1
                continue
            elif byte == _MINUS or _ZERO <= byte <= _NINE:
                position, kind, usual = _number(data, position)
                good, exact = position > 0, exact and usual
            else:
                position = _word(data, position)
                good = position > 0
            state = _AFTER
            if closed:
                depth -= 1
                objects >>= np.uint64(1)
                if depth == 1 and field >= 0:
                    ends[field, line] = position
            elif depth == 0:
                good = False
            elif good and depth == 1 and field >= 0:
                if byte == _LOWER_N:
                    starts[field, line] = _NULL
                else:
                    good = kinds[field] != DOCUMENT and (
                        kind == _STRING or (kind == _INTEGER and kinds[field] == TEXT)
                    )
                    starts[field, line] = start + (kind == _STRING)
                    ends[field, line] = position - (kind == _STRING)
        simple[line] = good and state == _AFTER and depth == 0
        plain[line] = exact
        if not simple[line]:
            starts[:, line] = -1
    return Found(starts, ends, simple, plain)


@numba.njit(nogil=True, cache=True)
def _string(data: Bytes, position: int) -> tuple[int, bool, bool]:
    """From behind a quote: the position behind the closing one (or -1), are there escapes, are all usual.

    What `u` escapes is left to the parser; DuckDB does not escape a solidus.
    """
    escaped, usual = False, True
    while True:
        while not _STOPS[data[position]]:
            position += 1
        if data[position] == _QUOTE:
            return position + 1, escaped, usual
        if data[position] != _BACKSLASH or not _ESCAPES[data[position + 1]]:
            return -1, escaped, usual
        escaped = True
        usual = usual and data[position + 1] != _SOLIDUS
        position += 2


@numba.njit(nogil=True, cache=True)
def _number(data: Bytes, position: int) -> tuple[int, int, bool]:
    """The position behind a number (or -1), `_INTEGER` or `_OTHER`, and whether anyone would spell it so.

    Exponents, long integers, many digits, trailing zeros and tiny fractions are spelled in several ways: they
    are left to the parser, or to DuckDB's minifier.
    """
    negative = data[position] == _MINUS
    position += negative
    digits = position
    while _ZERO <= data[position] <= _NINE:
        position += 1
    whole = position - digits
    zero = data[digits] == _ZERO
    if whole == 0 or (zero and whole > 1):
        return -1, _OTHER, False
    if data[position] != _POINT:
        behind = -1 if data[position] in (_LOWER_E, _UPPER_E) else position
        return behind, _INTEGER, whole <= _MOST_WHOLE and not (negative and zero and whole == 1)
    position += 1
    fraction = position
    while _ZERO <= data[position] <= _NINE:
        position += 1
    size = position - fraction
    if size == 0 or data[position] in (_LOWER_E, _UPPER_E):
        return -1, _OTHER, False
    trailing = size > 1 and data[position - 1] == _ZERO
    tiny = zero and size > 1 and data[fraction] == _ZERO and data[fraction + 1] == _ZERO
    return position, _OTHER, not trailing and not tiny and whole + size <= _MOST_DIGITS


@numba.njit(nogil=True, cache=True)
def _word(data: Bytes, position: int) -> int:
    """The position behind `true`, `false` or `null`; -1 if none stands here."""
    for offset in range(0, len(_WORDS), 6):
        size = _WORDS[offset]
        if position + size < len(data):
            same = 0
            while same < size and data[position + same] == _WORDS[offset + 1 + same]:
                same += 1
            if same == size:
                return int(position + size)
    return -1


@numba.njit(nogil=True, cache=True)
def _index(data: Bytes, start: int, end: int, keys: Keys) -> int:
    """Which of the keys stands at `start:end`; -1 if none does."""
    size = end - start
    for index in range(len(keys.offsets) - 1):
        offset = keys.offsets[index]
        if keys.offsets[index + 1] - offset == size:
            same = 0
            while same < size and keys.names[offset + same] == data[start + same]:
                same += 1
            if same == size:
                return index
    return -1
