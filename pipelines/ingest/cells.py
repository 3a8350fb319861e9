"""The CSV grammar, compiled: bytes to records and cells, every record accounted for with its line.

RFC 4180 with a declared dialect. A quote counts only as the first byte of a cell. Lines end in LF or CRLF.
A quoted cell that is never closed, or goes on after its closing quote, spoils only the lines from the start
of its record to the line it was opened on: reading starts again on the next line.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Longs = npt.NDArray[np.int64]

FINE, SHORT, LONG, UNCLOSED, AFTER_QUOTE = range(5)
"""What a record is: as wide as the header, narrower, wider, a quote never closed, text after a closed one."""

MOST_BYTES = 64 << 20
"""Of one record: beyond it, a quote is taken as never closed."""

_LF, _CR = 10, 13
_PLAIN, _QUOTED, _ESCAPED = 0, 1, 2


class Dialect(NamedTuple):
    """The bytes that cut text into cells."""

    delimiter: int
    quote: int
    escape: int


class Records(NamedTuple):
    """The records in a buffer: bounds, first line, `status`, cells found; bounds and form of each cell.

    Cells are by column, then by record.
    """

    starts: Longs
    ends: Longs
    lines: Longs
    status: npt.NDArray[np.uint8]
    widths: npt.NDArray[np.int64]
    cell_starts: npt.NDArray[np.int64]
    cell_ends: npt.NDArray[np.int64]
    forms: npt.NDArray[np.uint8]
    consumed: int
    next_line: int


@numba.njit(nogil=True, cache=True)
def _line_end(data: Bytes, position: int, end: int) -> int:
    """Position behind the next newline, or -1 if there is none."""
    while position < end:
        if data[position] == _LF:
            return position + 1
        position += 1
    return -1


@numba.njit(nogil=True, cache=True)
def _quoted_end(data: Bytes, position: int, end: int, dialect: Dialect) -> tuple[int, int, bool]:
    """From behind an opening quote: where the closing one is (or -1), newlines inside, any escapes."""
    newlines = 0
    escaped = False
    while position < end:
        byte = data[position]
        if byte == dialect.escape and position + 1 < end:
            following = data[position + 1]
            if following == dialect.quote or (
                dialect.escape != dialect.quote and following == dialect.escape
            ):
                escaped = True
                position += 2
                continue
        if byte == dialect.quote:
            return position, newlines, escaped
        if byte == _LF:
            newlines += 1
        position += 1
    return -1, newlines, escaped


@numba.njit(nogil=True, cache=True)
def _ends_cell(data: Bytes, position: int, end: int, dialect: Dialect) -> bool:
    """Whether a delimiter, a line end or the end of the text stands here."""
    if position >= end or data[position] == dialect.delimiter or data[position] == _LF:
        return True
    return data[position] == _CR and (position + 1 >= end or data[position + 1] == _LF)


@numba.njit(nogil=True, cache=True)
def _cell(data: Bytes, position: int, end: int, dialect: Dialect) -> tuple[int, int, int, int, int, int]:
    """One cell: its bounds, its form, the position behind it, newlines inside, its status."""
    if position < end and data[position] == dialect.quote:
        closing, newlines, escaped = _quoted_end(data, position + 1, end, dialect)
        if closing < 0:
            return position, end, _QUOTED, end, 0, UNCLOSED
        status = FINE if _ends_cell(data, closing + 1, end, dialect) else AFTER_QUOTE
        return position + 1, closing, _ESCAPED if escaped else _QUOTED, closing + 1, newlines, status
    start = position
    while position < end and data[position] != dialect.delimiter and data[position] != _LF:
        position += 1
    stop = position
    line_ends = position >= end or data[position] == _LF
    if line_ends and stop > start and data[stop - 1] == _CR:
        stop -= 1
    return start, stop, _PLAIN, position, 0, FINE


@numba.njit(nogil=True, cache=True)
def _ends_line(data: Bytes, position: int, end: int) -> bool:
    """Whether a whole line end stands here: LF, or CR with what follows it in sight."""
    return position < end and (data[position] == _LF or position + 1 < end)


@numba.njit(nogil=True, cache=True)
def _skip_line_end(data: Bytes, position: int, end: int) -> int:
    if position < end and data[position] == _CR:
        position += 1
    if position < end and data[position] == _LF:
        position += 1
    return position


@numba.njit(nogil=True, cache=True)
def _behind_blank(data: Bytes, position: int, end: int, last: bool, delimiter: int) -> int:
    """Position behind the line that starts here if it is blank, else -1; blanks and tabs may stand in it."""
    while position < end and (data[position] == 32 or data[position] == 9) and data[position] != delimiter:
        position += 1
    behind = _skip_line_end(data, position, end)
    if behind >= end and not last and (behind == position or data[behind - 1] != _LF):
        return -1  # it may go on in the next buffer
    return behind if behind >= end or (behind > position and data[behind - 1] == _LF) else -1


@numba.njit(nogil=True, cache=True)
def split(data: Bytes, last: bool, line: int, columns: int, dialect: Dialect) -> Records:  # noqa: C901, PLR0912, PLR0915  # one pass over bytes; its parts are the functions above
    """Cut `data` into records of `columns` cells; `line` is the number of its first line.

    Unless it is the `last` of the file, a record that reaches the end is left for the next call: `consumed`
    says how far the buffer is done with. Blank lines are no records.
    """
    end = len(data)
    most = 1
    for position in range(end):
        most += data[position] == _LF
    starts, ends, lines = np.zeros(most, np.int64), np.zeros(most, np.int64), np.zeros(most, np.int64)
    status, widths = np.zeros(most, np.uint8), np.zeros(most, np.int64)
    cell_starts, cell_ends = np.zeros((columns, most), np.int64), np.zeros((columns, most), np.int64)
    forms = np.zeros((columns, most), np.uint8)
    count = 0
    position = 0
    while position < end:
        if not last and data[position] == _CR and position + 1 == end:
            break
        behind = _behind_blank(data, position, end, last, dialect.delimiter)
        if behind >= 0:
            position = behind
            line += 1
            continue
        start, at, width, state = position, position, 0, FINE
        here = line
        while True:
            opened, opened_line = at, here
            cell_start, cell_end, form, at, newlines, state = _cell(data, at, end, dialect)
            here += newlines
            if state != FINE:
                at = _line_end(data, opened, end)
                here = opened_line + 1
                break
            if width < columns:
                cell_starts[width, count] = cell_start
                cell_ends[width, count] = cell_end
                forms[width, count] = form
            width += 1
            if at < end and data[at] == dialect.delimiter:
                at += 1
                continue
            break
        if not last:
            # What reaches the end of the buffer may go on in the next one.
            if state == FINE and not _ends_line(data, at, end):
                break
            if state != FINE and (at < 0 or (state == UNCLOSED and end - start <= MOST_BYTES)):
                break
        if state != FINE:
            stop = behind = end if at < 0 else at
        else:
            stop = at
            behind = _skip_line_end(data, at, end)
            here += 1
            if width != columns:
                state = SHORT if width < columns else LONG
        starts[count], ends[count], lines[count] = start, stop, line
        status[count], widths[count] = state, width
        count += 1
        position, line = behind, here
    return Records(
        starts[:count],
        ends[:count],
        lines[:count],
        status[:count],
        widths[:count],
        cell_starts[:, :count],
        cell_ends[:, :count],
        forms[:, :count],
        position,
        line,
    )


@numba.njit(nogil=True, cache=True)
def column(
    data: Bytes, starts: Longs, ends: Longs, forms: npt.NDArray[np.uint8], dialect: Dialect
) -> tuple[Longs, Bytes, npt.NDArray[np.bool_]]:
    """One column's cells as the parts of an Arrow string array: offsets, bytes, which cells hold something.

    Escapes are resolved. A cell of nothing but blanks holds nothing.
    """
    rows = len(starts)
    offsets = np.zeros(rows + 1, np.int64)
    filled = np.zeros(rows, np.bool_)
    total = 0
    for row in range(rows):
        total += ends[row] - starts[row]
    out = np.empty(total, np.uint8)
    size = 0
    for row in range(rows):
        position, stop = starts[row], ends[row]
        while position < stop:
            byte = data[position]
            if forms[row] == _ESCAPED and byte == dialect.escape and position + 1 < stop:
                following = data[position + 1]
                if following == dialect.quote or following == dialect.escape:
                    position += 1
                    byte = following
            out[size] = byte
            size += 1
            position += 1
            if byte != 32 and byte != 9 and byte != _LF and byte != _CR:
                filled[row] = True
        if not filled[row]:
            size = offsets[row]
        offsets[row + 1] = size
    return offsets, out[:size], filled
