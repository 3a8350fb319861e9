"""SHA-1 of many short texts, several at a time: each step is done for all of them before the next.

Source: FIPS 180-4, sections 5 and 6.1. Lanes lie side by side in memory, so that the compiler turns a step
into a few vector instructions.
"""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

LANES = 16
"""How many texts are hashed at a time."""
WORDS = 5
"""A digest is five big-endian words of 32 bits."""

_BLOCK = 64
_START = np.array([0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0], dtype=np.uint32)
_ROUND = np.array([0x5A827999, 0x6ED9EBA1, 0x8F1BBCDC, 0xCA62C1D6], dtype=np.uint32)

Bytes = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint32]


def room(longest: int) -> Bytes:
    """Space for `LANES` texts of at most so many bytes, a row each, with the padding that ends them."""
    return np.zeros((LANES, (longest + 9 + _BLOCK - 1) // _BLOCK * _BLOCK), dtype=np.uint8)


@numba.njit(nogil=True, cache=True)
def digests(text: Bytes, size: npt.NDArray[np.int64], digest: Words) -> None:
    """Hash the first `size[lane]` bytes of each row of `text`, padded in place, into `digest[:, lane]`."""
    blocks = np.empty(LANES, dtype=np.int64)
    most = 0
    for lane in range(LANES):
        blocks[lane] = _pad(text, lane, size[lane])
        most = max(most, blocks[lane])
        for word in range(WORDS):
            digest[word, lane] = _START[word]
    schedule = np.empty((80, LANES), dtype=np.uint32)
    state = np.empty((WORDS + 1, LANES), dtype=np.uint32)
    for block in range(most):
        for lane in range(LANES):
            _load(text, lane, min(block, blocks[lane] - 1) * _BLOCK, schedule)
        _compress(schedule, digest, state)
        for word in range(WORDS):
            for lane in range(LANES):
                digest[word, lane] += state[word, lane] if block < blocks[lane] else np.uint32(0)


@numba.njit(nogil=True, cache=True)
def _pad(text: Bytes, lane: int, size: int) -> int:
    """A one bit, zeros, the length in bits; returns the number of blocks."""
    blocks = (size + 9 + _BLOCK - 1) // _BLOCK
    text[lane, size] = 0x80
    for place in range(size + 1, blocks * _BLOCK - 8):
        text[lane, place] = 0
    for byte in range(8):
        text[lane, blocks * _BLOCK - 1 - byte] = (8 * size >> 8 * byte) & 0xFF
    return blocks


@numba.njit(nogil=True, cache=True)
def _load(text: Bytes, lane: int, first: int, schedule: Words) -> None:
    """The sixteen big-endian words of a block."""
    place = np.uint64(first)
    for word in range(16):
        schedule[word, lane] = (
            np.uint32(text[lane, place]) << np.uint32(24)
            | np.uint32(text[lane, place + np.uint64(1)]) << np.uint32(16)
            | np.uint32(text[lane, place + np.uint64(2)]) << np.uint32(8)
            | np.uint32(text[lane, place + np.uint64(3)])
        )
        place += np.uint64(4)


@numba.njit(nogil=True, cache=True)
def _compress(schedule: Words, digest: Words, state: Words) -> None:
    """The eighty rounds over one block of every lane, from `digest` to `state`."""
    one, two, five, thirty = np.uint32(1), np.uint32(2), np.uint32(5), np.uint32(30)
    back = np.uint32(31), np.uint32(27)
    for word in range(16, 80):
        for lane in range(LANES):
            mixed = (
                schedule[word - 3, lane]
                ^ schedule[word - 8, lane]
                ^ schedule[word - 14, lane]
                ^ schedule[word - 16, lane]
            )
            schedule[word, lane] = mixed << one | mixed >> back[0]
    for word in range(WORDS):
        for lane in range(LANES):
            state[word, lane] = digest[word, lane]
    for step in range(80):
        constant = _ROUND[step // 20]
        choose, majority = step < 20, 40 <= step < 60
        for lane in range(LANES):
            a, b, c, d = state[0, lane], state[1, lane], state[2, lane], state[3, lane]
            if choose:
                f = d ^ (b & (c ^ d))
            elif majority:
                f = (b & c) | (d & (b | c))
            else:
                f = b ^ c ^ d
            turned = (a << five | a >> back[1]) + f + state[4, lane] + constant + schedule[step, lane]
            state[4, lane] = d
            state[3, lane] = c
            state[2, lane] = b << thirty | b >> two
            state[1, lane] = a
            state[0, lane] = turned
