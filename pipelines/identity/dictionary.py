"""Exact dictionary encoding: text to dense integer codes, a column at a time.

Codes are given in order of first sight and mean nothing else. Text is found by hash and compared in
full, so two values never share a code. One dictionary serves one identifier type; the kernel releases
the interpreter lock, so several types are encoded at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

import numba
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.ids import Bytes, hash_bytes, load_tail, load_word, seed_of, string_buffers

Codes = npt.NDArray[np.int32]
Hashes = npt.NDArray[np.uint64]

_SMALLEST = 1 << 12
_BLOCK = 64
T = TypeVar("T", bound=np.generic)


@dataclass(slots=True)
class Dictionary:
    """The distinct values of one identifier type seen so far, each with its code and stored hash."""

    type: str
    values_at_most: int = _SMALLEST // 2
    """How many values, and how many bytes of text, there will probably be at most: memory is taken when it
    is touched, so room asked for in advance costs nothing, and growing costs a copy."""
    text_at_most: int = 1 << 16
    _seed: np.uint64 = field(init=False)
    _count: int = 0
    _slots: Hashes = field(default_factory=lambda: np.zeros(_SMALLEST, dtype=np.uint64))
    _hashes: Hashes = field(init=False)
    _bounds: npt.NDArray[np.int64] = field(init=False)
    _text: Bytes = field(init=False)

    def __post_init__(self) -> None:
        self._seed = seed_of(self.type)
        self._hashes = np.empty(self.values_at_most, dtype=np.uint64)
        self._bounds = np.empty(self.values_at_most + 1, dtype=np.int64)
        self._bounds[0] = 0
        self._text = np.empty(max(1, self.text_at_most), dtype=np.uint8)

    def __len__(self) -> int:
        return self._count

    def encode(self, values: pa.StringArray, places: Codes, codes: Codes) -> None:
        """Write the code + 1 of each value into `codes`, where its place says; a null writes nothing.

        A negative place is of a value that is not wanted.
        """
        if values.null_count == len(values):
            return
        bounds, text = string_buffers(values)
        valid = _validity(values)
        self._reserve(len(values), int(bounds[-1]) - int(bounds[0]))
        known = _Known(self._slots, self._hashes, self._bounds, self._text)
        self._count = _encode(bounds, text, valid, self._seed, known, self._count, (places, codes))

    def values(self) -> pa.LargeStringArray:
        """The distinct values, in the order of their codes."""
        bounds = self._bounds[: self._count + 1]
        return pa.LargeStringArray.from_buffers(
            self._count, pa.py_buffer(bounds), pa.py_buffer(self._text[: bounds[-1]])
        )

    def hashes(self) -> Hashes:
        """The stored 64-bit hash of each distinct value, in the order of their codes."""
        return self._hashes[: self._count]

    def _reserve(self, values: int, characters: int) -> None:
        """Room for a whole array of unseen values, so that the kernel never has to grow anything."""
        most = self._count + values
        if 2 * most > len(self._slots):
            self._slots = np.zeros(1 << int(2 * most - 1).bit_length(), dtype=np.uint64)
            _refill(self._slots, self._hashes, self._count)
        if most > len(self._hashes):
            self._hashes = _grown(self._hashes, most)
            self._bounds = _grown(self._bounds, most + 1)
        used = int(self._bounds[self._count])
        if used + characters > len(self._text):
            self._text = _grown(self._text, used + characters)


def _grown(array: npt.NDArray[T], size: int) -> npt.NDArray[T]:
    """A copy with room for `size` elements and half as many again; untouched room costs no memory."""
    larger = np.empty(size + size // 2, dtype=array.dtype)
    larger[: len(array)] = array
    return larger


def _validity(values: pa.StringArray) -> Bytes:
    """One byte a value, 1 where it is not null; empty when none is."""
    if values.null_count == 0:
        return np.empty(0, dtype=np.uint8)
    bits = np.frombuffer(values.buffers()[0], dtype=np.uint8)
    return np.unpackbits(bits, bitorder="little")[values.offset : values.offset + len(values)]


_TAG, _CODE = np.uint64(0xFFFFFFFF00000000), np.uint64(0x00000000FFFFFFFF)
_ONE = np.uint64(1)


@numba.njit(nogil=True, cache=True)
def _refill(slots: Hashes, hashes: Hashes, count: int) -> None:
    mask = np.uint64(len(slots) - 1)
    for code in range(count):
        slot = hashes[code] & mask
        while slots[slot] != np.uint64(0):
            slot = (slot + _ONE) & mask
        slots[slot] = (hashes[code] & _TAG) | np.uint64(code + 1)


class _Known(NamedTuple):
    """The columns of a dictionary, for the kernel."""

    slots: Hashes
    """Linear probing: the upper half of the hash beside a code + 1; 0 is free."""
    hashes: Hashes
    bounds: npt.NDArray[np.int64]
    text: Bytes


@numba.njit(nogil=True, cache=True)
def _encode(
    bounds: npt.NDArray[np.int32],
    text: Bytes,
    valid: Bytes,
    seed: np.uint64,
    known: _Known,
    count: int,
    given: tuple[Codes, Codes],
) -> int:
    """Look every value up, append the unseen ones; returns how many distinct values there are now.

    A block of values at a time: first all their hashes, then all the slots and texts they lead to, so that
    the memory's answers, which are slow, come side by side; then each is settled.
    """
    places, codes = given
    mask = np.uint64(len(known.slots) - 1)
    keys, likely = np.empty(_BLOCK, dtype=np.uint64), np.empty(_BLOCK, dtype=np.int64)
    for row in range(len(bounds) - 1):
        place = row % _BLOCK
        if place == 0:
            _look_ahead(bounds, text, seed, known, row, keys, likely)
        if places[row] < 0 or (len(valid) and valid[row] == 0):
            continue
        start, end, key = bounds[row], bounds[row + 1], keys[place]
        slot = key & mask
        found = known.slots[slot]
        while found != np.uint64(0) and not (
            (found ^ key) & _TAG == np.uint64(0)
            and _same(text, start, end, known, np.int64(found & _CODE) - 1)
        ):
            slot = (slot + _ONE) & mask
            found = known.slots[slot]
        if found == np.uint64(0):
            known.hashes[count] = key
            _append(text, start, end, known, count)
            count += 1
            found = np.uint64(count)
            known.slots[slot] = (key & _TAG) | found
        codes[places[row]] = np.int64(found & _CODE)
    return count


@numba.njit(nogil=True, cache=True)
def _look_ahead(
    bounds: npt.NDArray[np.int32],
    text: Bytes,
    seed: np.uint64,
    known: _Known,
    first: int,
    keys: Hashes,
    likely: npt.NDArray[np.int64],
) -> None:
    """Hash the block of values from `first` on, and touch what they will be compared with."""
    mask = np.uint64(len(known.slots) - 1)
    size = min(_BLOCK, len(bounds) - 1 - first)
    for place in range(size):
        keys[place] = hash_bytes(text, bounds[first + place], bounds[first + place + 1], seed)
    for place in range(size):
        likely[place] = np.int64(known.slots[keys[place] & mask] & _CODE) - 1
    for place in range(size):
        if likely[place] >= 0:
            likely[place] = known.bounds[likely[place]]
    for place in range(size):
        if likely[place] >= 0:
            likely[place] = known.text[likely[place]]


@numba.njit(nogil=True, cache=True)
def _same(text: Bytes, start: int, end: int, known: _Known, code: int | np.int64) -> bool:
    first, size, step = np.uint64(known.bounds[code]), np.uint64(end - start), np.uint64(8)
    if known.bounds[code + 1] - known.bounds[code] != end - start:
        return False
    position = np.uint64(start)
    for _ in range(size // step):
        if load_word(text, position) != load_word(known.text, first):
            return False
        position += step
        first += step
    return bool(load_tail(text, position, size % step) == load_tail(known.text, first, size % step))


@numba.njit(nogil=True, cache=True)
def _append(text: Bytes, start: int, end: int, known: _Known, code: int) -> None:
    first = known.bounds[code]
    target, source = np.uint64(first), np.uint64(start)
    for byte in range(np.uint64(end - start)):
        known.text[target + byte] = text[source + byte]
    known.bounds[code + 1] = first + end - start
