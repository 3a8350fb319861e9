"""Walk JSON objects by their bytes: which paths lead to a value, of which kind, and where it stands.

A path is interned once a chunk of messages as a node of a trie: (parent node, key bytes) -> number, under
one root per collection of messages. The same walk serves twice: `discover` gathers the kinds met at each
node, from which columns and types follow; `extract` then makes columns of string views into the very bytes
the values were found in, so that no value is copied. Arrays are opaque.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt
import polars as pl

from pipelines.profiles.octets import EACH, EIGHT, HIGH, ONE, PADDING, TWO, ZERO, Bytes, first_bytes, word
from pipelines.profiles.views import write_span, write_view
from pipelines.profiles.scalars import is_time, number_kind
from pipelines.types import Kind

Ints = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]
Kinds = npt.NDArray[np.uint16]

MAX_DEPTH = 64
"""Objects nested deeper than this stay JSON text."""

ESCAPED = 1024
"""Set beside a `Kind` for a text that holds a backslash, or an escape, to be undone."""

_NULL = int(Kind.NULL)
_BOOL = int(Kind.BOOL)
_TIMESTAMP = int(Kind.TIMESTAMP)
_TEXT = int(Kind.TEXT)
_ARRAY = int(Kind.ARRAY)
_OBJECT = int(Kind.OBJECT)

_QUOTE, _BACKSLASH, _OPEN, _CLOSE = 34, 92, 123, 125
_QUOTES = EACH * np.uint64(_QUOTE)
_BACKSLASHES = EACH * np.uint64(_BACKSLASH)
_FULL = -1


class Trie(NamedTuple):
    """The paths of a chunk. `size[0]` nodes, `size[1]` bytes of keys are in use; nodes below the roots follow them."""

    slots: Ints
    """Open hash table of node + 1; a power of two long."""
    parent: Ints
    hash: npt.NDArray[np.uint64]
    key_start: Longs
    key_length: npt.NDArray[np.uint64]
    keys: Bytes
    follower: Ints
    """The node met after this one when it was last met: a guess that spares the table, since messages are alike."""
    kinds: npt.NDArray[np.int32]
    """Kinds met at the node, or-ed; 0 for a node that only holds objects."""
    size: Longs


class Texts(NamedTuple):
    """A column of JSON objects: row `i` is `data[offsets[i]:offsets[i + 1]]`, empty for NULL.

    At least `PADDING` more bytes follow the last row, because the bytes are read eight at a time.
    """

    data: Bytes
    offsets: Longs


class Cells(NamedTuple):
    """The values of columns as text, column-major: `kind[c, i]` is 0 where row `i` has nothing for column `c`."""

    views: npt.NDArray[np.uint64]
    """Arrow's string views, two words each, into the bytes the values were found in."""
    kind: Kinds
    escaped: Longs
    """Per column, the bytes of texts with escapes; their views are not to be used as they are."""


def texts(column: pl.Series) -> Texts:
    """The bytes behind a column of JSON objects, of less than 2 GB in all."""
    padded = pl.concat([column, pl.Series([" " * PADDING])], rechunk=True)
    array = padded.to_arrow(compat_level=pl.CompatLevel.oldest())
    _, offsets, data = array.buffers()
    bounds = np.frombuffer(offsets, dtype=np.int64)[array.offset : array.offset + len(column) + 1]
    return Texts(np.frombuffer(data, dtype=np.uint8), bounds)


def new_trie(roots: int, capacity: int = 1024) -> Trie:
    """A trie with `roots` roots, the nodes 0 to roots - 1, and room for some more nodes."""
    nodes = max(capacity, 2 * roots)
    return Trie(
        slots=np.zeros(1 << (4 * nodes - 1).bit_length(), dtype=np.int32),
        parent=np.full(nodes, -1, dtype=np.int32),
        hash=np.zeros(nodes, dtype=np.uint64),
        key_start=np.zeros(nodes, dtype=np.int64),
        key_length=np.zeros(nodes, dtype=np.uint64),
        keys=np.zeros(nodes * 16, dtype=np.uint8),
        follower=np.zeros(nodes, dtype=np.int32),
        kinds=np.zeros(nodes, dtype=np.int32),
        size=np.array([roots, 0], dtype=np.int64),
    )


def discover(texts: Texts, roots: Ints, plain: npt.NDArray[np.bool_], trie: Trie) -> Trie:
    """Enter the paths and kinds of all rows; row `i` hangs below root `roots[i]`, none if that is -1.

    Where `plain[root]`, strings are text even if they look like times (CSV cells). Returns the trie, which
    is a larger one where the given one was too small.
    """
    row = 0
    while True:
        row = int(_discover(texts.data, texts.offsets, roots, plain, trie, row))
        if row == len(roots):
            return trie
        trie = _grown(trie, int(np.diff(texts.offsets).max(initial=0)))


def _grown(trie: Trie, longest: int) -> Trie:
    """A trie with the same nodes, and at least twice the room; the row that did not fit is walked again."""
    nodes = 2 * len(trie.parent)
    larger = new_trie(1, nodes)._replace(keys=np.zeros(2 * len(trie.keys) + longest, dtype=np.uint8))
    used, used_bytes = int(trie.size[0]), int(trie.size[1])
    for name in ("parent", "hash", "key_start", "key_length", "follower", "kinds"):
        getattr(larger, name)[:used] = getattr(trie, name)[:used]
    larger.keys[:used_bytes] = trie.keys[:used_bytes]
    larger.size[:] = trie.size
    _refill(larger)
    return larger


@numba.njit(nogil=True, cache=True)
def _refill(trie: Trie) -> None:
    mask = len(trie.slots) - 1
    for node in range(trie.size[0]):
        if trie.parent[node] >= 0:
            slot = np.int64(trie.hash[node] & np.uint64(mask))
            while trie.slots[slot] != 0:
                slot = (slot + 1) & mask
            trie.slots[slot] = node + 1


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
def _string_end(data: Bytes, position: np.uint64) -> np.uint64:
    """Where the closing quote of the string stands whose first character is at `position`."""
    position = _special(data, position)
    while data[position] == _BACKSLASH:
        position = _special(data, position + TWO)
    return position


@numba.njit(nogil=True, cache=True)
def _nested_end(data: Bytes, position: np.uint64) -> np.uint64:
    """Just behind the array or object that opens at `position`."""
    depth = 0
    while True:
        byte = data[position]
        position += ONE
        if byte == _QUOTE:
            position = _string_end(data, position) + ONE
        elif byte == _OPEN or byte == 91:
            depth += 1
        elif byte == _CLOSE or byte == 93:
            depth -= 1
            if depth == 0:
                return position


@numba.njit(nogil=True, cache=True)
def _literal_end(data: Bytes, position: np.uint64) -> np.uint64:
    """Just behind the number, `true`, `false` or `null` that starts at `position`."""
    byte = data[position]
    while byte != 44 and byte != _CLOSE and byte > 32:
        position += ONE
        byte = data[position]
    return position


@numba.njit(nogil=True, cache=True)
def _hash(data: Bytes, start: np.uint64, length: np.uint64) -> np.uint64:
    code = length
    place = ZERO
    while place < length:
        code = (code ^ first_bytes(word(data, start + place), length - place)) * np.uint64(0x9E3779B97F4A7C15)
        code ^= code >> np.uint64(29)
        place += EIGHT
    return code


@numba.njit(nogil=True, cache=True)
def _is_key(keys: Bytes, known: int, length: np.uint64, data: Bytes, start: np.uint64) -> bool:
    """Whether the string of `data` that starts at `start` is the key of `length` bytes at `known`, and ends with it."""
    known = np.uint64(known)
    place = ZERO
    if start + length + EIGHT > np.uint64(len(data)) or data[start + length] != _QUOTE:
        return False
    while place < length:
        difference = word(data, start + place) ^ word(keys, known + place)
        if first_bytes(difference, length - place) != ZERO:
            return False
        place += EIGHT
    return True


@numba.njit(nogil=True, cache=True)
def _intern(trie: Trie, parent: int, data: Bytes, start: np.uint64, end: np.uint64) -> int:
    """The node of a key below `parent`, entered if it is new; `_FULL` if there is no room."""
    length = end - start
    code = _hash(data, start, length) ^ np.uint64(parent + 1) * np.uint64(0xC2B2AE3D27D4EB4F)
    code ^= code >> np.uint64(32)
    mask = len(trie.slots) - 1
    slot = np.int64(code & np.uint64(mask))
    found = _FULL
    while trie.slots[slot] != 0 and found == _FULL:
        node = trie.slots[slot] - 1
        if (
            trie.hash[node] == code
            and trie.parent[node] == parent
            and _is_key(trie.keys, trie.key_start[node], trie.key_length[node], data, start)
        ):
            found = np.int64(node)
        slot = (slot + 1) & mask
    if (
        found == _FULL
        and trie.size[0] < len(trie.parent)
        and np.uint64(trie.size[1]) + length + EIGHT <= np.uint64(len(trie.keys))
    ):
        found = trie.size[0]
        trie.slots[slot] = found + 1
        trie.parent[found] = parent
        trie.hash[found] = code
        trie.key_start[found] = trie.size[1]
        trie.key_length[found] = length
        known = np.uint64(trie.size[1])
        for byte in range(length):
            trie.keys[known + np.uint64(byte)] = data[start + np.uint64(byte)]
        trie.size[0] += 1
        trie.size[1] += np.int64(length)
    return found


@numba.njit(nogil=True, cache=True)
def _leaves(
    data: Bytes, start: int, end: int, root: int, plain: bool, trie: Trie, stack: Ints,
    nodes: Ints, starts: Longs, ends: Longs, kinds: Ints,
) -> int:  # fmt: skip
    """Write the leaves of one object into the last four arrays; returns how many, `_FULL` if the trie is."""
    count = 0
    depth = 0
    stack[0] = root
    previous = np.int64(root)
    limit = np.uint64(end)
    position = np.uint64(start)
    while data[position] != _OPEN:
        position += ONE
    position += ONE
    while position < limit and depth >= 0:
        byte = data[position]
        if byte == _CLOSE:
            depth -= 1
            position += ONE
            continue
        if byte != _QUOTE:  # a comma or a blank
            position += ONE
            continue
        key = position + ONE
        node = np.int64(trie.follower[previous])
        if trie.parent[node] == stack[depth] and _is_key(
            trie.keys, trie.key_start[node], trie.key_length[node], data, key
        ):
            position = key + trie.key_length[node]
        else:
            position = _string_end(data, key)
            node = _intern(trie, stack[depth], data, key, position)
            if node == _FULL:
                return _FULL
            trie.follower[previous] = node
        previous = node
        position += ONE
        while data[position] == 58 or data[position] <= 32:
            position += ONE
        byte = data[position]
        if byte == _OPEN and depth < MAX_DEPTH - 1:
            depth += 1
            stack[depth] = node
            position += ONE
            continue
        first = position
        last = position
        kind = _TEXT
        if byte == _QUOTE:
            first += ONE
            last = _special(data, first)
            if data[last] == _BACKSLASH:
                last = _string_end(data, last)
                kind = _TEXT | ESCAPED
            elif (
                not plain and last - first >= np.uint64(20) and is_time(data, np.int64(first), np.int64(last))
            ):
                kind = _TIMESTAMP
            position = last + ONE
        elif byte == _OPEN or byte == 91:
            position = last = _nested_end(data, position)
            kind = _OBJECT if byte == _OPEN else _ARRAY
        else:
            position = last = _literal_end(data, position)
            if byte == 110:
                kind = _NULL
            elif byte == 116 or byte == 102:
                kind = _BOOL
            else:
                kind = number_kind(data, np.int64(first), np.int64(last))
        nodes[count] = node
        starts[count] = np.int64(first)
        ends[count] = np.int64(last)
        kinds[count] = kind
        count += 1
    return count


@numba.njit(nogil=True, cache=True)
def _most_leaves(offsets: Longs) -> int:
    """No row has more leaves than this: the shortest, `"":1` and a comma, takes five bytes."""
    longest = np.int64(0)
    for row in range(len(offsets) - 1):
        longest = max(longest, offsets[row + 1] - offsets[row])
    return longest // 5 + 2


@numba.njit(nogil=True, cache=True)
def _discover(
    data: Bytes, offsets: Longs, roots: Ints, plain: npt.NDArray[np.bool_], trie: Trie, first: int
) -> int:
    """Walk the rows from `first` on; returns the row at which the trie was full, else the number of rows."""
    most = _most_leaves(offsets)
    stack = np.empty(MAX_DEPTH, dtype=np.int32)
    nodes = np.empty(most, dtype=np.int32)
    starts = np.empty(most, dtype=np.int64)
    ends = np.empty(most, dtype=np.int64)
    kinds = np.empty(most, dtype=np.int32)
    for row in range(first, len(roots)):
        root = roots[row]
        if root < 0 or offsets[row] == offsets[row + 1]:
            continue
        count = _leaves(
            data, offsets[row], offsets[row + 1], root, plain[root], trie, stack, nodes, starts, ends, kinds
        )
        if count == _FULL:
            return row
        for leaf in range(count):
            trie.kinds[nodes[leaf]] |= kinds[leaf] & ~ESCAPED
    return len(roots)


def extract(
    json_texts: Texts,
    rows: Longs,
    roots: Ints,
    plain: npt.NDArray[np.bool_],
    trie: Trie,
    column: Ints,
    rank: Ints,
    columns: int,
) -> Cells:
    """The values of `columns` columns in the given rows, in that order; row `rows[i]` hangs below root `roots[i]`.

    `column` and `rank` are per node: the column its values go to (-1: none), and the place of its path among the
    paths of that column. Of several values for one cell the first that is not null in that order wins; a cell
    is of kind NULL only if all it was given is null.
    """
    shape = (columns, len(rows))
    found = Cells(np.zeros((*shape, 2), np.uint64), np.zeros(shape, np.uint16), np.zeros(columns, np.int64))
    _extract(json_texts.data, json_texts.offsets, rows, roots, plain, trie, column, rank, found)
    return found


@numba.njit(nogil=True, cache=True)
def _extract(
    data: Bytes, offsets: Longs, rows: Longs, roots: Ints, plain: npt.NDArray[np.bool_], trie: Trie,
    column: Ints, rank: Ints, found: Cells,
) -> None:  # fmt: skip
    most = _most_leaves(offsets)
    stack = np.empty(MAX_DEPTH, dtype=np.int32)
    nodes = np.empty(most, dtype=np.int32)
    starts = np.empty(most, dtype=np.int64)
    ends = np.empty(most, dtype=np.int64)
    kinds = np.empty(most, dtype=np.int32)
    best = np.zeros(found.kind.shape[0], dtype=np.int32)
    for cell in range(len(rows)):
        row = rows[cell]
        root = roots[cell]
        if root < 0 or offsets[row] == offsets[row + 1]:
            continue
        count = _leaves(
            data, offsets[row], offsets[row + 1], root, plain[root], trie, stack, nodes, starts, ends, kinds
        )
        for leaf in range(count):
            place = column[nodes[leaf]]
            if place < 0:
                continue
            held = found.kind[place, cell]
            kind = kinds[leaf]
            empty = held == 0 or (held == _NULL and kind != _NULL)
            if empty or (kind != _NULL and rank[nodes[leaf]] < best[place]):
                best[place] = rank[nodes[leaf]]
                found.kind[place, cell] = kind
                view = found.views[place, cell]
                if kind & ESCAPED:
                    found.escaped[place] += ends[leaf] - starts[leaf]
                    write_span(view, starts[leaf], ends[leaf] - starts[leaf])
                else:
                    write_view(view, data, 0, starts[leaf], ends[leaf] - starts[leaf])
