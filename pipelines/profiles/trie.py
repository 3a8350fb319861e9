"""The paths of a piece of a batch: (parent node, key bytes) -> node, interned in compiled code.

Keys are compared as they are written, escapes and all; two spellings of one key are two nodes, which the
layout brings together.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from pipelines.profiles.octets import EIGHT, ONE, ZERO, Bytes, first_bytes, word
from pipelines.profiles.tokens import QUOTE

Ints = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]

FULL = -1
"""Instead of a node: there is no room for it."""

_MIX = np.uint64(0x9E3779B97F4A7C15)
_MIX_PARENT = np.uint64(0xC2B2AE3D27D4EB4F)


class Trie(NamedTuple):
    """`size[0]` nodes and `size[1]` bytes of keys are in use; the roots are the first nodes, of parent -1."""

    slots: Ints
    """Open hash table of node + 1; a power of two long."""
    parent: Ints
    hash: Words
    key_start: Longs
    key_length: Words
    keys: Bytes
    follower: Ints
    """The node met after this one the last time: a guess that spares the table, as messages are alike."""
    kinds: Ints
    """Kinds met at the node, or-ed; 0 for a node that only holds objects."""
    size: Longs


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


def grown(trie: Trie, longest: int) -> Trie:
    """A trie with the same nodes, at least twice the room, and room for a key of `longest` bytes."""
    larger = new_trie(1, 2 * len(trie.parent))
    larger = larger._replace(keys=np.zeros(2 * len(trie.keys) + longest, dtype=np.uint8))
    nodes, used = int(trie.size[0]), int(trie.size[1])
    for name in ("parent", "hash", "key_start", "key_length", "follower", "kinds"):
        getattr(larger, name)[:nodes] = getattr(trie, name)[:nodes]
    larger.keys[:used] = trie.keys[:used]
    larger.size[:] = trie.size
    _refill(larger)
    return larger


def key(trie: Trie, node: int) -> bytes:
    """The key of a node as it is written, without its quotes."""
    start = int(trie.key_start[node])
    return trie.keys[start : start + int(trie.key_length[node])].tobytes()


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
def _hash(data: Bytes, start: np.uint64, length: np.uint64, parent: np.int64) -> np.uint64:
    code = length
    place = ZERO
    while place < length:
        code = (code ^ first_bytes(word(data, start + place), length - place)) * _MIX
        code ^= code >> np.uint64(29)
        place += EIGHT
    code ^= np.uint64(parent + 1) * _MIX_PARENT
    return code ^ (code >> np.uint64(32))


@numba.njit(nogil=True, cache=True)
def is_key(keys: Bytes, known: np.uint64, length: np.uint64, data: Bytes, start: np.uint64) -> bool:
    """Whether the string of `data` from `start` to its closing quote is `keys[known:known + length]`."""
    if start + length + EIGHT > np.uint64(len(data)) or data[start + length] != QUOTE:
        return False
    place = ZERO
    while place < length:
        difference = word(data, start + place) ^ word(keys, known + place)
        if first_bytes(difference, length - place) != ZERO:
            return False
        place += EIGHT
    return True


@numba.njit(nogil=True, cache=True)
def intern(trie: Trie, parent: np.int64, data: Bytes, start: np.uint64, end: np.uint64) -> np.int64:
    """The node of the key `data[start:end]` below `parent`, made if it is new; `FULL` without room for it."""
    length = end - start
    code = _hash(data, start, length, parent)
    mask = len(trie.slots) - 1
    slot = np.int64(code & np.uint64(mask))
    while trie.slots[slot] != 0:
        node = np.int64(trie.slots[slot] - 1)
        known = np.uint64(trie.key_start[node])
        alike = trie.hash[node] == code and trie.parent[node] == parent
        if alike and is_key(trie.keys, known, trie.key_length[node], data, start):
            return node
        slot = (slot + 1) & mask
    used = np.uint64(trie.size[1])
    if trie.size[0] >= len(trie.parent) or used + length + EIGHT > np.uint64(len(trie.keys)):
        return np.int64(FULL)
    node = np.int64(trie.size[0])
    trie.slots[slot] = node + 1
    trie.parent[node] = parent
    trie.hash[node] = code
    trie.key_start[node] = trie.size[1]
    trie.key_length[node] = length
    place = ZERO
    while place < length:
        trie.keys[used + place] = data[start + place]
        place += ONE
    trie.size[0] += 1
    trie.size[1] += np.int64(length)
    return node
