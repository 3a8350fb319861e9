"""Cut a batch into parts that have nothing to do with each other: whole connected components.

Two messages are connected if they carry an identifier in common, or two that one known profile holds. No rule
looks beyond a component, so its messages can be replayed without the others. Identifiers are told apart by
their hash alone here, which is little to remember; two with the same hash only make a component larger.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numba
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.identity.graph import NONE, Integers, Longs
from pipelines.identity.values import blank, blocked, normalised
from pipelines.ids import Bytes, hash_bytes, seed_of
from pipelines.rules import IdentifierRule

Hashes = npt.NDArray[np.uint64]

_SMALLEST = 1 << 12


class Components:
    """The components seen so far: a node for each distinct hash, and to which node a message belongs."""

    def __init__(self, messages: int) -> None:
        self.node: Integers = np.full(messages, NONE, dtype=np.int32)
        """Per message: one of its nodes, `NONE` if it has no usable identifier."""
        self._count = 0
        self._hash: Hashes = np.empty(_SMALLEST, dtype=np.uint64)
        self._parent: Integers = np.empty(_SMALLEST, dtype=np.int32)
        self._slots: Integers = np.full(2 * _SMALLEST, NONE, dtype=np.int32)

    def __len__(self) -> int:
        """How many distinct hashes there are."""
        return self._count

    def hashes(self) -> Hashes:
        """All of them."""
        return self._hash[: self._count]

    def add(self, ordinals: Integers, batch: pa.RecordBatch, rules: tuple[IdentifierRule, ...]) -> None:
        """Connect the messages of a batch with their identifiers; columns as `mentions.encode` has them."""
        for rule in rules:
            given = batch.column(f"id:{rule.type}")
            self._connect(ordinals, given, rule)
            if batch.column("more").null_count < len(batch):
                more = batch.column("more")
                pairs = pc.list_flatten(more)
                here = pc.equal(pairs.field("type"), rule.type)
                on = ordinals[pc.list_parent_indices(more).filter(here).to_numpy()]
                self._connect(on, pairs.field("value").filter(here), rule)

    def _connect(self, ordinals: Integers, given: pa.StringArray, rule: IdentifierRule) -> None:
        if given.null_count == len(given):
            return
        distinct = given.dictionary_encode()
        values = normalised(distinct.dictionary.cast(pa.large_string()), rule)
        unusable = pc.or_(blank(values), blocked(values, rule.blocked))
        nodes = self.nodes(_hashed(values, rule.type))
        nodes[unusable.to_numpy(zero_copy_only=False).astype(np.bool_)] = NONE
        place = pc.fill_null(distinct.indices, NONE).to_numpy().astype(np.int32)
        _connect(ordinals, place, nodes, self.node, self._parent)

    def nodes(self, hashes: Hashes) -> Integers:
        """The node of each hash, new ones for those never seen."""
        most = self._count + len(hashes)
        if most > len(self._hash):
            self._hash = np.concatenate([self._hash[: self._count], np.empty(most, dtype=np.uint64)])
            self._parent = np.concatenate([self._parent[: self._count], np.empty(most, dtype=np.int32)])
        if 2 * most > len(self._slots):
            self._slots = np.full(1 << int(2 * most - 1).bit_length(), NONE, dtype=np.int32)
            _refill(self._slots, self._hash[: self._count])
        nodes = np.empty(len(hashes), dtype=np.int32)
        self._count = _find(hashes, self._slots, self._hash, self._parent, self._count, nodes)
        return nodes

    def join(self, hashes: Hashes, group: Longs) -> None:
        """Connect what one group holds: nodes whose hashes have the same group are in one component."""
        order = np.argsort(group, kind="stable")
        _chain(self.nodes(hashes[order]), group[order], self._parent)

    def call(self, messages: Integers, hashes: Hashes) -> None:
        """These messages belong to the component of a hash."""
        self.node[messages] = self.nodes(hashes)

    def parts(self, count: int) -> Iterator[Integers]:
        """The messages as `count` parts of about one size, or fewer: of each its ordinals, in order."""
        root = _roots(self._parent[: self._count])
        # Messages without an identifier go with the first part.
        of_message = (
            np.where(self.node == NONE, 0, root[self.node]) if self._count else np.zeros_like(self.node)
        )
        size = np.bincount(of_message, minlength=max(1, self._count))
        before = np.cumsum(size) - size
        part = (before * count // max(1, len(self.node))).astype(np.int32)
        of_message = part[of_message]
        for number in np.unique(of_message):
            yield np.flatnonzero(of_message == number).astype(np.int32)


def components(
    batches: Iterable[tuple[Integers, pa.RecordBatch]], messages: int, rules: tuple[IdentifierRule, ...]
) -> Components:
    """The components of a message set by its identifiers; ordinals and columns as in `mentions.encode`."""
    found = Components(messages)
    for ordinals, batch in batches:
        found.add(ordinals, batch, rules)
    return found


def _hashed(values: pa.LargeStringArray, type_: str) -> Hashes:
    """The hash under which each value is stored."""
    hashes = np.empty(len(values), dtype=np.uint64)
    _, bounds, text = values.buffers()
    if len(values):
        begin = values.offset
        limits = np.frombuffer(bounds, dtype=np.int64)[begin : begin + len(values) + 1]
        _hash(limits, np.frombuffer(text or b"\0", dtype=np.uint8), seed_of(type_), hashes)
    return hashes


@numba.njit(nogil=True, cache=True)
def _hash(bounds: Longs, text: Bytes, seed: np.uint64, hashes: Hashes) -> None:
    for row in range(len(hashes)):
        hashes[row] = hash_bytes(text, bounds[row], bounds[row + 1], seed)


@numba.njit(nogil=True, cache=True)
def _refill(slots: Integers, hashes: Hashes) -> None:
    mask = np.uint64(len(slots) - 1)
    for node in range(len(hashes)):
        slot = hashes[node] & mask
        while slots[slot] != NONE:
            slot = (slot + np.uint64(1)) & mask
        slots[slot] = node


@numba.njit(nogil=True, cache=True)
def _find(
    given: Hashes, slots: Integers, hashes: Hashes, parent: Integers, count: int, nodes: Integers
) -> int:
    mask = np.uint64(len(slots) - 1)
    for row in range(len(given)):
        slot = given[row] & mask
        while slots[slot] != NONE and hashes[slots[slot]] != given[row]:
            slot = (slot + np.uint64(1)) & mask
        if slots[slot] == NONE:
            slots[slot] = count
            hashes[count] = given[row]
            parent[count] = count
            count += 1
        nodes[row] = slots[slot]
    return count


@numba.njit(nogil=True, cache=True)
def _root(parent: Integers, node: int) -> int:
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


@numba.njit(nogil=True, cache=True)
def _join(parent: Integers, one: int, other: int) -> None:
    one, other = _root(parent, one), _root(parent, other)
    parent[max(one, other)] = min(one, other)


@numba.njit(nogil=True, cache=True)
def _connect(ordinals: Integers, place: Integers, nodes: Integers, node: Integers, parent: Integers) -> None:
    """Each message with the node at its place, if it has one."""
    for row in range(len(place)):
        message = ordinals[row]
        if message < 0 or place[row] == NONE or nodes[place[row]] == NONE:
            continue
        if node[message] == NONE:
            node[message] = nodes[place[row]]
        else:
            _join(parent, node[message], nodes[place[row]])


@numba.njit(nogil=True, cache=True)
def _chain(nodes: Integers, group: Longs, parent: Integers) -> None:
    for row in range(1, len(nodes)):
        if group[row] == group[row - 1]:
            _join(parent, nodes[row - 1], nodes[row])


@numba.njit(nogil=True, cache=True)
def _roots(parent: Integers) -> Integers:
    root = np.empty(len(parent), dtype=np.int32)
    for node in range(len(parent)):
        root[node] = _root(parent, node)
    return root
