"""Walk JSON objects by their bytes: which paths lead to a value, of which kind, and where it stands.

A path is interned once a piece as a node of a trie, under one root per collection of messages. The same walk
serves twice: `discover` gathers the kinds met at each node, from which columns and types follow; `extract`
then makes columns of string views into the very bytes the values were found in, so that no value is copied.
Arrays are opaque.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt
import polars as pl

from pipelines.profiles.octets import ONE, PADDING, Bytes
from pipelines.profiles.tokens import CLOSE, ESCAPED, OPEN, QUOTE, string_end, value
from pipelines.profiles.trie import FULL, Ints, Longs, Trie, grown, intern, is_key
from pipelines.profiles.views import write_span, write_view
from pipelines.types import Kind

Kinds = npt.NDArray[np.uint16]
Plain = npt.NDArray[np.bool_]

MAX_DEPTH = 64
"""Objects nested deeper than this stay JSON text."""

_NULL, _TEXT, _TIMESTAMP = int(Kind.NULL), int(Kind.TEXT), int(Kind.TIMESTAMP)
_COLON = 58


class Texts(NamedTuple):
    """A column of JSON objects: row `i` is `data[offsets[i]:offsets[i + 1]]`, empty for NULL.

    At least `PADDING` more bytes follow the last row, because the bytes are read eight at a time.
    """

    data: Bytes
    offsets: Longs


class Reading(NamedTuple):
    """How to read the values at the nodes of a trie into columns.

    Of several values for one cell the first that is not null counts, in the order of `rank`.
    """

    columns: int
    column: Ints
    """Per node: the column its values go to, -1 for none."""
    rank: Ints
    """Per node: the place of its path among the paths of that column."""


class Cells(NamedTuple):
    """Values as text, column by column: `kind[c, i]` is 0 where row `i` has none for column `c`."""

    views: npt.NDArray[np.uint64]
    """Arrow's string views, two words each, into the bytes the values were found in."""
    kind: Kinds
    """NULL only if all that was given for the cell is null."""
    escaped: Longs
    """Per column, the bytes of texts with escapes; their views are not to be used as they are."""


class _Leaves(NamedTuple):
    """Room for the leaves of one object: their nodes and kinds, and where their texts start and end."""

    node: Ints
    kind: Ints
    start: Longs
    end: Longs
    stack: Ints
    """The nodes above the place of the walk."""


def texts(column: pl.Series) -> Texts:
    """The bytes behind a column of JSON objects, of less than 2 GB in all."""
    # A null may hide bytes of another row.
    padded = pl.concat([column.fill_null(""), pl.Series([" " * PADDING])], rechunk=True)
    array = padded.to_arrow(compat_level=pl.CompatLevel.oldest())
    _, offsets, data = array.buffers()
    bounds = np.frombuffer(offsets, dtype=np.int64)[array.offset : array.offset + len(column) + 1]
    return Texts(np.frombuffer(data, dtype=np.uint8), bounds)


def discover(json_texts: Texts, roots: Ints, plain: Plain, trie: Trie) -> Trie:
    """Enter the paths and kinds of all rows; row `i` hangs below root `roots[i]`.

    Where `plain[root]`, strings are text even if they look like times (CSV cells). Returns the trie, which
    is a larger one where the given one was too small.
    """
    room = _room(json_texts)
    row = 0
    while True:
        row = int(_discover(json_texts, roots, plain, trie, room, row))
        if row == len(roots):
            return trie
        trie = grown(trie, len(room.node) * 5)  # and the row that did not fit is walked again


def extract(json_texts: Texts, rows: Longs, roots: Ints, plain: Plain, trie: Trie, reading: Reading) -> Cells:
    """The values of some columns in the given rows, in that order; row `rows[i]` hangs below `roots[i]`.

    Text is a time where `plain[root]` and yet the node is known for times: `types:` of the input says so.
    """
    shape = (reading.columns, len(rows))
    found = Cells(
        np.zeros((*shape, 2), np.uint64), np.zeros(shape, np.uint16), np.zeros(reading.columns, np.int64)
    )
    _extract(json_texts, _Rows(rows, roots, plain), trie, reading, _room(json_texts), found)
    return found


def _room(json_texts: Texts) -> _Leaves:
    """Room for the longest row: its shortest leaf, `"":1` and a comma, takes five bytes."""
    most = int(np.diff(json_texts.offsets).max(initial=0)) // 5 + 2
    node, kind = np.empty(most, dtype=np.int32), np.empty(most, dtype=np.int32)
    start, end = np.empty(most, dtype=np.int64), np.empty(most, dtype=np.int64)
    return _Leaves(node, kind, start, end, np.empty(MAX_DEPTH, dtype=np.int32))


@numba.njit(nogil=True, cache=True)
def _walk(  # noqa: PLR0915  # one pass; its parts are functions already
    data: Bytes, start: int, end: int, root: int, plain: bool, trie: Trie, room: _Leaves
) -> int:
    """Put the leaves of one object into `room`; returns how many, `FULL` if the trie is."""
    count = depth = 0
    room.stack[0] = root
    previous = np.int64(root)
    limit = np.uint64(end)
    position = np.uint64(start)
    while data[position] != OPEN:
        position += ONE
    position += ONE
    while position < limit and depth >= 0:
        byte = data[position]
        if byte != QUOTE:
            depth -= byte == CLOSE
            position += ONE
            continue
        key = position + ONE
        node = np.int64(trie.follower[previous])
        known = np.uint64(trie.key_start[node])
        if trie.parent[node] == room.stack[depth] and is_key(
            trie.keys, known, trie.key_length[node], data, key
        ):
            position = key + trie.key_length[node]
        else:
            position = string_end(data, key)
            node = intern(trie, np.int64(room.stack[depth]), data, key, position)
            if node == FULL:
                return FULL
            trie.follower[previous] = node
        previous = node
        position += ONE
        while data[position] == _COLON or data[position] <= 32:
            position += ONE
        if data[position] == OPEN and depth < MAX_DEPTH - 1:
            depth += 1
            room.stack[depth] = node
            position += ONE
            continue
        kind, first, last = value(data, position, plain)
        position = last + (first - position)  # behind the closing quote, if there is one
        room.node[count] = node
        room.kind[count] = kind
        room.start[count] = np.int64(first)
        room.end[count] = np.int64(last)
        count += 1
    return count


@numba.njit(nogil=True, cache=True)
def _discover(json_texts: Texts, roots: Ints, plain: Plain, trie: Trie, room: _Leaves, first: int) -> int:
    """Walk the rows from `first` on; returns the row at which the trie was full, else the number of rows."""
    data, offsets = json_texts.data, json_texts.offsets
    for row in range(first, len(roots)):
        if offsets[row] == offsets[row + 1]:
            continue
        root = roots[row]
        count = _walk(data, offsets[row], offsets[row + 1], root, plain[root], trie, room)
        if count == FULL:
            return row
        for leaf in range(count):
            trie.kinds[room.node[leaf]] |= room.kind[leaf] & ~ESCAPED
    return len(roots)


class _Rows(NamedTuple):
    rows: Longs
    roots: Ints
    plain: Plain


@numba.njit(nogil=True, cache=True)
def _extract(
    json_texts: Texts, wanted: _Rows, trie: Trie, reading: Reading, room: _Leaves, found: Cells
) -> None:
    data, offsets = json_texts.data, json_texts.offsets
    best = np.zeros(reading.columns, dtype=np.int32)
    for cell in range(len(wanted.rows)):
        row = wanted.rows[cell]
        if offsets[row] == offsets[row + 1]:
            continue
        root = wanted.roots[cell]
        count = _walk(data, offsets[row], offsets[row + 1], root, wanted.plain[root], trie, room)
        for leaf in range(count):
            node = room.node[leaf]
            place = reading.column[node]
            if place < 0:
                continue
            held = found.kind[place, cell]
            kind = room.kind[leaf]
            if kind == _TEXT and wanted.plain[root] and trie.kinds[node] & _TIMESTAMP:
                kind = _TIMESTAMP
            better = kind != _NULL and reading.rank[node] < best[place]
            if held == 0 or (held == _NULL and kind != _NULL) or better:
                best[place] = reading.rank[node]
                found.kind[place, cell] = kind
                length = room.end[leaf] - room.start[leaf]
                if kind & ESCAPED:
                    found.escaped[place] += length
                    write_span(found.views[place, cell], room.start[leaf], length)
                else:
                    write_view(found.views[place, cell], data, 0, room.start[leaf], length)
