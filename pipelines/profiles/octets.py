"""Read text eight bytes at a time, as numbers, in compiled code.

Positions are unsigned: a signed index is checked for wrap-around at every byte, and then the eight loads of
`word` are not joined into one. Every operand must be unsigned too, or numba computes in doubles.
"""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Place = int | np.int64
"""A signed position, or a number made of digits there: to numba one and the same."""

ZERO, ONE, TWO, EIGHT = np.uint64(0), np.uint64(1), np.uint64(2), np.uint64(8)
EACH = np.uint64(0x0101010101010101)
"""The lowest bit of each byte; times a byte it is that byte eight times."""
HIGH = np.uint64(0x8080808080808080)
"""The highest bit of each byte."""

PADDING = 16
"""Bytes that must follow a text, so that reading whole words of it stays inside the buffer."""


@numba.njit(nogil=True, cache=True)
def word(data: Bytes, position: np.uint64) -> np.uint64:
    """Eight bytes as one number, the first the lowest."""
    return (
        np.uint64(data[position])
        | np.uint64(data[position + np.uint64(1)]) << np.uint64(8)
        | np.uint64(data[position + np.uint64(2)]) << np.uint64(16)
        | np.uint64(data[position + np.uint64(3)]) << np.uint64(24)
        | np.uint64(data[position + np.uint64(4)]) << np.uint64(32)
        | np.uint64(data[position + np.uint64(5)]) << np.uint64(40)
        | np.uint64(data[position + np.uint64(6)]) << np.uint64(48)
        | np.uint64(data[position + np.uint64(7)]) << np.uint64(56)
    )


@numba.njit(nogil=True, cache=True)
def first_bytes(value: np.uint64, count: np.uint64) -> np.uint64:
    """The first `count` bytes of a word, the others zero."""
    return value if count >= EIGHT else value & ((ONE << (EIGHT * count)) - ONE)
