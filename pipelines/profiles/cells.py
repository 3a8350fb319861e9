"""Make typed columns out of extracted cells.

A text column is an Arrow string view whose buffer is the piece's JSON itself; only texts with escapes are
written out anew, into a second buffer. Other types are parsed from that text.
"""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from pipelines.profiles.leaves import Cells, Kinds, texts
from pipelines.profiles.octets import PADDING, Bytes, Place
from pipelines.profiles.scalars import is_time, microseconds
from pipelines.profiles.tokens import ESCAPED
from pipelines.profiles.trie import Longs
from pipelines.profiles.views import span_length, span_start, write_view
from pipelines.types import BIGINT, BOOLEAN, DOUBLE, TIMESTAMP, Kind

_NULL = int(Kind.NULL)


def text_column(data: Bytes, found: Cells, column: int) -> pl.Series:
    """One column of the cells, as text; what is absent or null is NULL.

    Text is what the JSON means: a string without its quotes and escapes, a number as it is written, `true` or
    `false`, an array as JSON. `data` are the bytes the cells were extracted from.
    """
    view, kind = found.views[column], found.kind[column]
    aside = np.empty(int(found.escaped[column]) + PADDING, dtype=np.uint8)
    if found.escaped[column]:
        view, kind = view.copy(), kind.copy()
        _unescape_all(data, view, kind, aside)
    validity = np.packbits(kind > _NULL, bitorder="little")
    buffers = [pa.py_buffer(part) for part in (validity, view, data, aside)]
    return pl.Series(pa.Array.from_buffers(pa.string_view(), len(kind), buffers))


def typed(text: pl.Series, type_: str) -> pl.Series:
    """A text column as `type_` (see `pipelines.types`), which holds every value of it exactly."""
    if type_ == BOOLEAN:
        return text == "true"
    if type_ == BIGINT:
        return text.cast(pl.Int64)
    if type_ == DOUBLE:
        return text.cast(pl.Float64)
    return times(text) if type_ == TIMESTAMP else text


def times(text: pl.Series) -> pl.Series:
    """Full ISO-8601 times with zone as UTC; NULL for any other text."""
    data, offsets = texts(text)
    values, valid = _times(data, offsets)
    return pl.select(
        pl.when(pl.lit(pl.Series(valid))).then(pl.lit(pl.Series(values).cast(pl.Datetime("us"))))
    ).to_series()


def iso_texts(text: pl.Series) -> pl.Series:
    """Such times in UTC, without a fraction of zeros: `2026-01-31T07:00:00.5Z`; NULL for any other text."""
    written = times(text).dt.strftime("%Y-%m-%dT%H:%M:%S%.6f")
    return written.str.strip_chars_end("0").str.strip_chars_end(".") + "Z"


@numba.njit(nogil=True, cache=True)
def _times(data: Bytes, offsets: Longs) -> tuple[Longs, npt.NDArray[np.bool_]]:
    values = np.zeros(len(offsets) - 1, dtype=np.int64)
    valid = np.zeros(len(offsets) - 1, dtype=np.bool_)
    for row in range(len(values)):
        start, end = offsets[row], offsets[row + 1]
        if end > start and is_time(data, start, end):
            values[row] = microseconds(data, start, end)
            valid[row] = True
    return values, valid


@numba.njit(nogil=True, cache=True)
def _unescape_all(data: Bytes, view: npt.NDArray[np.uint64], kind: Kinds, aside: Bytes) -> None:
    used: Place = 0
    for row in range(len(kind)):
        if kind[row] & ESCAPED:
            start = span_start(view[row])
            length = _unescape(data, start, start + span_length(view[row]), aside, used)
            write_view(view[row], aside, 1, used, length)
            kind[row] &= ~np.uint16(ESCAPED)
            used += length


@numba.njit(nogil=True, cache=True)
def _unescape(data: Bytes, start: Place, end: Place, target: Bytes, first: Place) -> Place:
    """Write a JSON string without its escapes; returns its length, which is never more than it was."""
    place = first
    position = start
    while position < end:
        byte = data[position]
        if byte != 92:
            target[place] = byte
            place += 1
            position += 1
            continue
        letter = data[position + 1]
        position += 2
        if letter != 117:
            target[place] = _escape(letter)
            place += 1
            continue
        code = _hexadecimal(data, position)
        position += 4
        if (
            0xD800 <= code < 0xDC00
            and position + 6 <= end
            and data[position] == 92
            and data[position + 1] == 117
        ):
            low = _hexadecimal(data, position + 2)
            if 0xDC00 <= low < 0xE000:
                code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)
                position += 6
        if 0xD800 <= code < 0xE000:
            code = 0xFFFD  # half a pair stands for no character
        place = _utf8(code, target, place)
    return place - first


@numba.njit(nogil=True, cache=True)
def _escape(letter: Place) -> Place:
    if letter == 110:
        return 10
    if letter == 116:
        return 9
    if letter == 114:
        return 13
    if letter == 98:
        return 8
    if letter == 102:
        return 12
    return letter  # a quote, a slash or a backslash stands for itself


@numba.njit(nogil=True, cache=True)
def _hexadecimal(data: Bytes, start: Place) -> Place:
    value: Place = 0
    for position in range(start, start + 4):
        byte = np.int64(data[position])
        value = value * 16 + (byte - 48 if byte < 58 else (byte | 32) - 87)
    return value


@numba.njit(nogil=True, cache=True)
def _utf8(code: Place, target: Bytes, place: Place) -> Place:
    if code < 0x80:
        target[place] = code
        return place + 1
    if code < 0x800:
        target[place] = 0xC0 | (code >> 6)
        target[place + 1] = 0x80 | (code & 0x3F)
        return place + 2
    if code < 0x10000:
        target[place] = 0xE0 | (code >> 12)
        target[place + 1] = 0x80 | ((code >> 6) & 0x3F)
        target[place + 2] = 0x80 | (code & 0x3F)
        return place + 3
    target[place] = 0xF0 | (code >> 18)
    target[place + 1] = 0x80 | ((code >> 12) & 0x3F)
    target[place + 2] = 0x80 | ((code >> 6) & 0x3F)
    target[place + 3] = 0x80 | (code & 0x3F)
    return place + 4
