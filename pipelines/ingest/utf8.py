"""Which stretches of a buffer are not UTF-8, or hold a NUL byte: a compiled check for blocks that need it."""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt
import pyarrow as pa

Bytes = npt.NDArray[np.uint8]
Offsets = npt.NDArray[np.int64]


def clean(block: bytes) -> bool:
    """True if the block as a whole is UTF-8 without NUL: the common case, at the speed of memory."""
    if b"\0" in block:
        return False
    whole = pa.LargeStringArray.from_buffers(1, pa.py_buffer(np.array([0, len(block)])), pa.py_buffer(block))
    try:
        whole.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


@numba.njit(nogil=True, cache=True)
def _continues(data: Bytes, position: int, end: int, low: int, high: int) -> bool:
    return position < end and low <= data[position] <= high


@numba.njit(nogil=True, cache=True)
def _width(data: Bytes, position: int, end: int) -> int:
    """Bytes of the character at `position`; 0 if it is none (Unicode standard, table 3-7) or NUL."""
    first = data[position]
    if first < 0x80:
        return 1 if first else 0
    if 0xC2 <= first <= 0xDF:
        return 2 if _continues(data, position + 1, end, 0x80, 0xBF) else 0
    if 0xE0 <= first <= 0xEF:
        low = 0xA0 if first == 0xE0 else 0x80
        high = 0x9F if first == 0xED else 0xBF
        second = _continues(data, position + 1, end, low, high)
        return 3 if second and _continues(data, position + 2, end, 0x80, 0xBF) else 0
    if 0xF0 <= first <= 0xF4:
        low = 0x90 if first == 0xF0 else 0x80
        high = 0x8F if first == 0xF4 else 0xBF
        second = _continues(data, position + 1, end, low, high)
        third = second and _continues(data, position + 2, end, 0x80, 0xBF)
        return 4 if third and _continues(data, position + 3, end, 0x80, 0xBF) else 0
    return 0


@numba.njit(nogil=True, cache=True)
def broken(data: Bytes, starts: Offsets, ends: Offsets) -> npt.NDArray[np.uint8]:
    """Per stretch `data[start:end]`: 0 fine, 1 not UTF-8, 2 UTF-8 up to a NUL byte."""
    found = np.zeros(len(starts), dtype=np.uint8)
    for index in range(len(starts)):
        position, end = starts[index], ends[index]
        while position < end:
            width = _width(data, position, end)
            if width == 0:
                found[index] = 1 if data[position] else 2
                break
            position += width
    return found
