"""Canonical JSON: sorted keys at every depth, no blanks, so that equal messages have one text and one SHA-1.

For ordinary documents it is what Python's `json.dumps(document, sort_keys=True, separators=(",", ":"),
ensure_ascii=False)` writes. Input is minified JSON, as DuckDB's `json()` makes it: sorting only moves bytes.
"""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt
import pyarrow as pa

Bytes = npt.NDArray[np.uint8]
Longs = npt.NDArray[np.int64]

_QUOTE, _BACKSLASH, _COMMA, _LOWER_U = 34, 92, 44, 117
_OPEN_OBJECT, _CLOSE_OBJECT, _OPEN_ARRAY, _CLOSE_ARRAY = 123, 125, 91, 93


def canonical(documents: pa.LargeStringArray) -> pa.LargeStringArray:
    """Each minified JSON document in canonical form; no document may be NULL.

    >>> canonical(pa.array(['{"b":1,"a":{"d":[],"c":null}}'], pa.large_string()))[0].as_py()
    '{"a":{"c":null,"d":[]},"b":1}'
    """
    _, offsets_buffer, data_buffer = documents.buffers()
    if not len(documents):
        return documents
    offsets = np.frombuffer(offsets_buffer, np.int64)[
        documents.offset : documents.offset + len(documents) + 1
    ]
    data = np.frombuffer(data_buffer, np.uint8)[offsets[0] : offsets[-1]].copy()
    bounds = offsets - offsets[0]
    _sort_all(data, bounds)
    return pa.Array.from_buffers(
        pa.large_string(), len(documents), [None, pa.py_buffer(bounds), pa.py_buffer(data)]
    )


@numba.njit(nogil=True, cache=True)
def _string_end(data: Bytes, position: int) -> int:
    """Position behind the string that starts at `position`; hex digits of its escapes become lower case."""
    position += 1
    while data[position] != _QUOTE:
        if data[position] == _BACKSLASH:
            if data[position + 1] == _LOWER_U:
                for digit in range(position + 2, position + 6):
                    if 65 <= data[digit] <= 70:
                        data[digit] += 32
            position += 1
        position += 1
    return position + 1


@numba.njit(nogil=True, cache=True)
def _less(data: Bytes, one: int, other: int) -> bool:
    """Whether the key at `one` sorts before the key at `other`, bytewise; equal keys keep their order."""
    left, right = one + 1, other + 1
    while data[left] == data[right]:
        if data[left] == _QUOTE:
            return one < other
        if data[left] == _BACKSLASH and data[left + 1] == data[right + 1]:
            left += 1
            right += 1
        left += 1
        right += 1
    # The quote that ends a key sorts before everything: a prefix comes first.
    if data[left] == _QUOTE or data[right] == _QUOTE:
        return bool(data[left] == _QUOTE)
    return bool(data[left] < data[right])


@numba.njit(nogil=True, cache=True)
def _order(data: Bytes, members: Longs, first: int, count: int) -> Longs:
    """Indexes of an object's members by key: a shell sort, as objects are small and often sorted already."""
    order = np.arange(count)
    gap = count // 2
    while gap > 0:
        for index in range(gap, count):
            moving = order[index]
            place = index
            while place >= gap and _less(data, members[first + moving], members[first + order[place - gap]]):
                order[place] = order[place - gap]
                place -= gap
            order[place] = moving
        gap //= 2
    return order


@numba.njit(nogil=True, cache=True)
def _sort_object(data: Bytes, members: Longs, first: int, count: int, end: int) -> None:
    """Write the members of one object, which ends at `end`, in the order of their keys, in place."""
    order = _order(data, members, first, count)
    start = members[first]
    scratch = data[start:end].copy()
    position = start
    for index in order:
        begin = members[first + index] - start
        stop = (members[first + index + 1] - 1 if index + 1 < count else end) - start
        if position > start:
            data[position] = _COMMA
            position += 1
        data[position : position + stop - begin] = scratch[begin:stop]
        position += stop - begin


@numba.njit(nogil=True, cache=True)
def _sort_all(data: Bytes, bounds: Longs) -> None:  # noqa: C901  # one pass: a branch a kind of byte
    """Sort the objects of every document, innermost first: an object's members are whole when it closes."""
    longest = 0
    for index in range(len(bounds) - 1):
        longest = max(longest, bounds[index + 1] - bounds[index])
    members = np.empty(longest // 2 + 2, np.int64)
    opened = np.empty(longest + 1, np.int64)  # the members before the object opened; -1 for an array
    for index in range(len(bounds) - 1):
        position, end = bounds[index], bounds[index + 1]
        count, depth = 0, 0
        key_follows = False
        while position < end:
            byte = data[position]
            if byte == _QUOTE:
                if key_follows:
                    members[count] = position
                    count += 1
                    key_follows = False
                position = _string_end(data, position)
                continue
            if byte == _OPEN_OBJECT:
                opened[depth] = count
                depth += 1
                key_follows = True
            elif byte == _OPEN_ARRAY:
                opened[depth] = -1
                depth += 1
                key_follows = False
            elif byte == _CLOSE_OBJECT:
                depth -= 1
                first = opened[depth]
                if count - first > 1:
                    _sort_object(data, members, first, count - first, position)
                count = first
                key_follows = False
            elif byte == _CLOSE_ARRAY:
                depth -= 1
            elif byte == _COMMA:
                key_follows = depth > 0 and opened[depth - 1] >= 0
            position += 1
