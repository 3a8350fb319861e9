"""Columns of texts put together as JSON objects, a row at a time, by a compiled pass over their bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping

import numba
import numpy as np
import numpy.typing as npt
import pyarrow as pa

Bytes = npt.NDArray[np.uint8]
Longs = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_SHORT = {8: b"b", 9: b"t", 10: b"n", 12: b"f", 13: b"r", 34: b'"', 92: b"\\"}
_EXTRA = np.array([1 if byte in _SHORT else 5 if byte < 32 else 0 for byte in range(256)], np.uint8)
"""How many bytes longer each byte is with its escape."""
_LETTER = np.array([ord(_SHORT.get(byte, b"u")) for byte in range(256)], np.uint8)
"""What stands behind the backslash of an escape."""
_HEX = np.frombuffer(b"0123456789ABCDEF", np.uint8)
_BACKSLASH, _QUOTE, _COMMA, _OPEN, _CLOSE, _ZERO = b'\\",{}0'


def objects(texts: Mapping[str, pa.LargeStringArray], rows: int) -> pa.LargeStringArray:
    """Per row a minified JSON object of the texts that are there, in order; NULL where none is.

    >>> ages = pa.array(["40", None], pa.large_string())
    >>> objects({"name": pa.array(["Ann", None], pa.large_string()), "age": ages}, 2).to_pylist()
    ['{"name":"Ann","age":"40"}', None]
    """
    members = [_Member(name, column) for name, column in texts.items()]
    sizes = np.zeros(rows, np.int64)
    for member in members:
        _measure(member.head, member.offsets, member.data, member.there, sizes)
    filled = sizes > 0
    offsets = np.zeros(rows + 1, np.int64)
    np.cumsum(sizes + filled, out=offsets[1:])
    out = np.empty(offsets[-1], np.uint8)
    cursor = offsets[:-1].copy()
    for member in members:
        _write(member.head, member.offsets, member.data, member.there, out, cursor)
    out[offsets[:-1][filled]] = _OPEN
    out[offsets[1:][filled] - 1] = _CLOSE
    valid = None if filled.all() else pa.py_buffer(np.packbits(filled, bitorder="little"))
    return pa.Array.from_buffers(pa.large_string(), rows, [valid, pa.py_buffer(offsets), pa.py_buffer(out)])


class _Member:
    """A column as arrays, and what stands before each of its texts: a comma, its name, a colon."""

    def __init__(self, name: str, column: pa.LargeStringArray) -> None:
        _, offsets, data = column.buffers()
        self.head = np.frombuffer(f",{json.dumps(name, ensure_ascii=False)}:".encode(), np.uint8)
        self.offsets = np.frombuffer(offsets, np.int64)[column.offset : column.offset + len(column) + 1]
        self.data = np.frombuffer(data if data is not None and data.size else b"\0", np.uint8)
        self.there = column.is_valid().to_numpy(zero_copy_only=False)


@numba.njit(nogil=True, cache=True)
def _measure(head: Bytes, offsets: Longs, data: Bytes, there: Flags, sizes: Longs) -> None:
    for row in range(len(there)):
        if there[row]:
            size = len(head) + 2 + offsets[row + 1] - offsets[row]
            for position in range(offsets[row], offsets[row + 1]):
                size += _EXTRA[data[position]]
            sizes[row] += size


@numba.njit(nogil=True, cache=True)
def _write(head: Bytes, offsets: Longs, data: Bytes, there: Flags, out: Bytes, cursor: Longs) -> None:
    for row in range(len(there)):
        if not there[row]:
            continue
        to = cursor[row]
        for byte in head:
            out[to] = byte
            to += 1
        out[to] = _QUOTE
        to += 1
        for position in range(offsets[row], offsets[row + 1]):
            byte = data[position]
            extra = _EXTRA[byte]
            if extra == 0:
                out[to] = byte
            else:
                out[to] = _BACKSLASH
                out[to + 1] = _LETTER[byte]
                if extra > 1:
                    out[to + 2] = out[to + 3] = _ZERO
                    out[to + 4], out[to + 5] = _HEX[byte >> 4], _HEX[byte & 15]
            to += 1 + extra
        out[to] = _QUOTE
        cursor[row] = to + 1
