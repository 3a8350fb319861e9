"""Identifiers that are made, never drawn: the same input gives the same id on every machine.

Source of the shapes: spec identity-resolution.md sections 1 and 9.4, design section 5.
"""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt
import pyarrow as pa

_ALPHABET = np.frombuffer(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", dtype=np.uint8)
_DIGEST_HEX = 40
_ID_DIGITS = 27
_FIVE_DIGITS = np.uint64(62**5)

Bytes = npt.NDArray[np.uint8]


_MESSAGE_SEED = np.uint64(0x6D65737361676573)
"""Not `seed_of(...)`, which would compile the kernel of whoever imports this module."""


@numba.njit(nogil=True, cache=True)
def load_word(data: Bytes, position: np.uint64) -> np.uint64:
    """Eight bytes as one number, the first the lowest.

    Positions are unsigned: a signed one is checked for wrap-around at every byte, and the eight loads are
    then not joined into one.
    """
    word = np.uint64(0)
    for byte in range(np.uint64(8)):
        word |= np.uint64(data[position + byte]) << (np.uint64(8) * byte)
    return word


@numba.njit(nogil=True, cache=True)
def load_tail(data: Bytes, position: np.uint64, count: np.uint64) -> np.uint64:
    """The next `count` bytes, fewer than eight, as one number."""
    word = np.uint64(0)
    for byte in range(count):
        word |= np.uint64(data[position + byte]) << (np.uint64(8) * byte)
    return word


@numba.njit(nogil=True, cache=True)
def hash_bytes(data: Bytes, start: int, end: int, seed: np.uint64) -> np.uint64:
    """64-bit hash of `data[start:end]`, stable for ever: `state.identifiers` and `state.messages` store it.

    Eight bytes a step, multiply and fold; a hit is always confirmed by comparing the text.
    """
    prime = np.uint64(0x9E3779B97F4A7C15)
    size, position, step = np.uint64(end - start), np.uint64(start), np.uint64(8)
    state = seed ^ (size * prime)
    for _ in range(size // step):
        state = (state ^ load_word(data, position)) * prime
        state ^= state >> np.uint64(29)
        position += step
    state = (state ^ load_tail(data, position, size % step)) * prime
    state ^= state >> np.uint64(32)
    state *= np.uint64(0xD6E8FEB86659FD93)
    return state ^ (state >> np.uint64(32))


def seed_of(text: str) -> np.uint64:
    """The seed under which values of one identifier type are hashed."""
    data = np.frombuffer(text.encode(), dtype=np.uint8)
    return np.uint64(hash_bytes(data, 0, len(data), np.uint64(0)))


def message_hashes(ids: pa.ChunkedArray) -> npt.NDArray[np.uint64]:
    """The hash by which each message id is found again, as in `state.messages.hash`; no id may be NULL.

    >>> message_hashes(pa.chunked_array([["m1", "m2"], ["m1"]])).tolist()[::2]
    [2399312167874918751, 2399312167874918751]
    """
    hashes = np.empty(len(ids), dtype=np.uint64)
    first = 0
    for chunk in ids.chunks:
        offsets, data = string_buffers(chunk)
        _hash_all(offsets, data, _MESSAGE_SEED, hashes[first : first + len(chunk)])
        first += len(chunk)
    return hashes


@numba.njit(nogil=True, cache=True)
def _hash_all(
    offsets: npt.NDArray[np.int32], data: Bytes, seed: np.uint64, hashes: npt.NDArray[np.uint64]
) -> None:
    for row in range(len(hashes)):
        hashes[row] = hash_bytes(data, offsets[row], offsets[row + 1], seed)


def segment_ids(digests: pa.StringArray, prefix: str) -> pa.LargeStringArray:
    """`<prefix>` and 27 base-62 digits for each SHA-1 (40 hexadecimal digits): big-endian, padded with 0.

    >>> segment_ids(pa.array(["00000000000000000000000000000000000003e8"]), "use_")[0].as_py()
    'use_0000000000000000000000000G8'
    """
    offsets, data = string_buffers(digests)
    count = len(digests)
    start = int(offsets[0]) if count else 0
    hexadecimal = data[start : start + count * _DIGEST_HEX]
    text = empty_ids(count, prefix)
    _to_base62(np.ascontiguousarray(hexadecimal), text, len(prefix))
    return id_array(text)


def empty_ids(count: int, prefix: str) -> Bytes:
    """Room for so many ids, a row each, the prefix already in place."""
    head = np.frombuffer(prefix.encode(), dtype=np.uint8)
    text = np.empty((count, len(head) + _ID_DIGITS), dtype=np.uint8)
    text[:, : len(head)] = head
    return text


def id_array(text: Bytes) -> pa.LargeStringArray:
    """The rows of `text` as strings, without a copy."""
    count, width = text.shape
    bounds = np.arange(count + 1, dtype=np.int64) * width
    return pa.LargeStringArray.from_buffers(count, pa.py_buffer(bounds), pa.py_buffer(text))


@numba.njit(nogil=True, cache=True)
def _to_base62(hexadecimal: Bytes, text: Bytes, first: int) -> None:
    words = np.empty(5, dtype=np.uint64)
    for row in range(text.shape[0]):
        for word in range(5):
            value = np.uint64(0)
            for digit in range(8):
                character = hexadecimal[row * 40 + word * 8 + digit]
                value = value * np.uint64(16) + np.uint64(
                    character - 48 if character < 58 else character - 87
                )
            words[word] = value
        write_base62(words, text, row, first)


@numba.njit(nogil=True, cache=True)
def write_base62(words: npt.NDArray[np.uint64], text: Bytes, row: int, first: int) -> None:
    """Write five words of 32 bits, highest first, as 27 digits into a row of `text`; `words` is used up.

    Five digits a division of the long number, then one by one.
    """
    for fifth in range(6):
        rest = np.uint64(0)
        for word in range(5):
            value = (rest << np.uint64(32)) | words[word]
            words[word] = value // _FIVE_DIGITS
            rest = value % _FIVE_DIGITS
        for place in range(26 - 5 * fifth, max(21 - 5 * fifth, -1), -1):
            text[row, first + place] = _ALPHABET[rest % np.uint64(62)]
            rest = rest // np.uint64(62)


def string_buffers(array: pa.Array) -> tuple[npt.NDArray[np.int32], Bytes]:
    """The offsets (n + 1) and bytes behind an array of texts, never writable; strings are not copied."""
    if array.type != pa.string():  # large or view, as other writers of Parquet have it
        array = array.cast(pa.string())
    _, offsets, data = array.buffers()
    bounds = np.frombuffer(offsets, dtype=np.int32)[array.offset : array.offset + len(array) + 1]
    return bounds, np.frombuffer(data, dtype=np.uint8) if data is not None and data.size else _NO_BYTES


_NO_BYTES = np.frombuffer(b"\0", dtype=np.uint8)
"""Read-only like the others: a kernel is compiled once for each kind of array it meets."""
