"""Identifier columns of a batch to mentions: which identifiers each message carries, as integer codes.

The mentions of a message stand strongest first: by the priority of their type, then by position on the
message (design section 5, step 1). Repeats, blank and blocked values are already gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import pairwise, repeat
from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.identity.dictionary import Dictionary
from pipelines.identity.graph import Integers, Longs, Rows
from pipelines.identity.values import blank, blocked, normalised
from pipelines.rules import IdentifierRule


class Stretch(NamedTuple):
    """Some messages in order, from ordinal `first` on; their mentions, and what of them is blocked.

    Message `first + i` mentions `identifier[start[i]:start[i + 1]]`.
    """

    first: int
    start: Longs
    identifier: Integers
    blocked_message: Integers
    """Ordinal and identifier of every mention that was blocked."""
    blocked_identifier: Integers


@dataclass(frozen=True, slots=True)
class Mentions:
    """Who is mentioned where, in codes that stand for identifiers."""

    rules: tuple[IdentifierRule, ...]
    """Identifier types, strongest first; an index into it is a type's number."""
    base: Longs
    """The codes of type t are `base[t]` to before `base[t + 1]`."""
    hashes: tuple[npt.NDArray[np.uint64], ...]
    """Stored hashes, an array a type, in the order of their codes."""
    values: tuple[pa.LargeStringArray, ...]
    """Normalised values, the same way."""
    blocked: npt.NDArray[np.bool_]
    """Per identifier."""
    slots: Rows
    """Per type and message the code + 1 of its first value, 0 for none."""
    extra: Extra
    """Further values of a type on one message."""

    def __len__(self) -> int:
        return int(self.slots.shape[1])

    def stretches(self) -> Iterator[Stretch]:
        """All messages in order, lined up a stretch at a time."""
        bounds = [*range(0, len(self), _STRETCH), len(self)]
        places = np.searchsorted(self.extra.message, bounds)
        for stretch, here in zip(pairwise(bounds), pairwise(places), strict=True):
            further = Extra(*(column[slice(*here)] for column in self.extra))
            yield Stretch(stretch[0], *_line_up(self.slots, *stretch, further, self.blocked))

    @property
    def distinct(self) -> int:
        """How many identifiers there are."""
        return int(self.base[-1])

    def kinds(self, codes: Integers | None = None) -> Integers:
        """The number of the type of each identifier, or of these ones."""
        if codes is None:
            return np.repeat(np.arange(len(self.rules), dtype=np.int32), np.diff(self.base))
        found: Integers = (np.searchsorted(self.base, codes, side="right") - 1).astype(np.int32)
        return found

    def text(self, codes: pa.Array) -> pa.ChunkedArray:
        """The values of these identifiers; null stays null."""
        return pa.chunked_array(list(self.values), type=pa.large_string()).take(codes)

    def type_names(self, numbers: Integers) -> pa.Array:
        """Names of types by number; a negative number is null."""
        names = pa.array([rule.type for rule in self.rules], type=pa.string())
        return pa.DictionaryArray.from_arrays(pa.array(numbers, mask=numbers < 0), names)

    def dictionary(self) -> pa.Table:
        """The distinct identifiers: `code` (int32), `hash` (uint64), `type`, `value`."""
        return pa.table(
            {
                "code": pa.array(np.arange(self.distinct, dtype=np.int32)),
                "hash": pa.chunked_array(list(map(pa.array, self.hashes)), type=pa.uint64()),
                "type": self.type_names(self.kinds()),
                "value": pa.chunked_array(list(self.values), type=pa.large_string()),
            }
        )


def encode(
    batches: Iterable[tuple[Integers, pa.RecordBatch]],
    messages: int,
    dictionaries: tuple[Dictionary, ...],
    rules: tuple[IdentifierRule, ...],
    pool: Executor,
) -> Mentions:
    """Encode the identifier columns of a message set, which comes in batches of any size and order.

    With each batch comes the ordinal of each of its rows, negative for a row that is to be passed over
    (a duplicate). Columns of a batch: `id:<type>` of every rule, `more`. The types are encoded side by side
    in `pool`: their `dictionaries`, empty at first, do not meet.
    """
    # A code + 1, 0 for none: a type that never occurs then costs no memory.
    slots = np.zeros((len(rules), messages), dtype=np.int32)
    extras = [Extra(np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.int32))]
    for ordinals, batch in batches:
        given = (batch.column(f"id:{rule.type}") for rule in rules)
        list(pool.map(Dictionary.encode, dictionaries, given, repeat(ordinals), slots))
        if batch.column("more").null_count < len(batch):
            extras.append(_encode_more(batch.column("more"), ordinals, dictionaries))
    settled = list(pool.map(_settle, rules, dictionaries))
    base = np.cumsum([0, *(len(one.value) for one in settled)], dtype=np.int64)
    targets = [one.shifted(int(first)) for one, first in zip(settled, base, strict=False)]
    extra = _gathered(extras, targets)
    list(pool.map(_translate, slots, targets))
    return Mentions(
        rules=rules,
        base=base,
        hashes=tuple(one.hash for one in settled),
        values=tuple(one.value for one in settled),
        blocked=np.concatenate([np.empty(0, dtype=np.bool_), *(one.blocked for one in settled)]),
        slots=slots,
        extra=extra,
    )


class Extra(NamedTuple):
    """Further values of a type on one message, by message, then by position. `code`: + 1, 0 for none."""

    message: Integers
    type: Integers
    code: Integers


def _encode_more(more: pa.ListArray, ordinals: Integers, dictionaries: tuple[Dictionary, ...]) -> Extra:
    """The further values of a batch; one of an undeclared type gets no code."""
    pairs = pc.list_flatten(more)
    names = pa.array([dictionary.type for dictionary in dictionaries], type=pa.string())
    number = pc.fill_null(pc.index_in(pairs.field("type"), value_set=names), -1).to_numpy().astype(np.int32)
    message = ordinals[pc.list_parent_indices(more).to_numpy()]
    code = np.zeros(len(pairs), dtype=np.int32)
    for which in np.unique(number[number >= 0]):
        wanted = (number == which) & (message >= 0)
        places = np.where(wanted, np.arange(len(pairs)), -1).astype(np.int32)
        dictionaries[which].encode(pairs.field("value"), places, code)
    return Extra(message, number, code)


def _gathered(extras: list[Extra], targets: list[Integers]) -> Extra:
    """All batches' further values with their final codes, in the order of the messages."""
    message, kind, code = (np.concatenate([extra[field] for extra in extras]) for field in range(3))
    for number, target in enumerate(targets):
        here = (kind == number) & (code > 0)
        code[here] = target[code[here] - 1]
    order = np.argsort(message, kind="stable")
    return Extra(message[order], kind[order], code[order])


@dataclass(frozen=True, slots=True)
class _Settled:
    """Distinct values of a type, normalised; `target` maps a raw code to a final one + 1, 0 if blank."""

    target: Integers
    value: pa.LargeStringArray
    hash: npt.NDArray[np.uint64]
    blocked: npt.NDArray[np.bool_]

    def shifted(self, first: int) -> Integers:
        """`target` with codes that begin at `first`."""
        shifted: Integers = np.where(self.target == 0, 0, self.target + np.int32(first)).astype(np.int32)
        return shifted


def _settle(rule: IdentifierRule, raw: Dictionary) -> _Settled:
    before = raw.values()
    after = normalised(before, rule)
    final, target = raw, np.arange(1, len(raw) + 1, dtype=np.int32)
    if after is not before:
        final = Dictionary(rule.type, len(raw), len(after.buffers()[2] or b""))
        final.encode(after.cast(pa.string()), np.arange(len(raw), dtype=np.int32), target)
    values = final.values()
    is_blank = blank(values).to_numpy(zero_copy_only=False).astype(np.bool_)
    if is_blank.any():
        target = np.where(is_blank[target - 1], 0, target).astype(np.int32)
    hit = blocked(values, rule.blocked).to_numpy(zero_copy_only=False).astype(np.bool_)
    return _Settled(target, values, final.hashes(), hit)


@numba.njit(nogil=True, cache=True)
def _translate(slot: Integers, target: Integers) -> None:
    """From raw codes to final ones, both with 1 added and 0 for none."""
    if len(target):
        for message in range(len(slot)):
            if slot[message]:
                slot[message] = target[slot[message] - 1]


_STRETCH = 1 << 18
"""Messages lined up at a time."""


@numba.njit(nogil=True, cache=True)
def _line_up(
    slots: Rows, first: int, last: int, extra: Extra, is_blocked: npt.NDArray[np.bool_]
) -> tuple[Longs, Integers, Integers, Integers]:
    """Where the identifiers of each message begin, then all of them, no repeats; and what is blocked."""
    most = len(extra.message)
    for number in range(slots.shape[0]):
        for message in range(first, last):
            most += slots[number, message] > 0
    start = np.zeros(last - first + 1, dtype=np.int64)
    used, banned = np.empty(most, dtype=np.int32), np.empty(most, dtype=np.int32)
    banned_on = np.empty(most, dtype=np.int32)
    filled, bans, further = 0, 0, 0
    candidates = np.empty(slots.shape[0] + len(extra.message), dtype=np.int32)
    for message in range(first, last):
        begin = further
        while further < len(extra.message) and extra.message[further] == message:
            further += 1
        first_used, first_ban = filled, bans
        for place in range(_gather(slots, message, extra, begin, further, candidates)):
            code = candidates[place]
            if is_blocked[code]:
                if not _holds(banned, first_ban, bans, code):
                    banned_on[bans], banned[bans] = message, code
                    bans += 1
            elif not _holds(used, first_used, filled, code):
                used[filled] = code
                filled += 1
        start[message - first + 1] = filled
    return start, used[:filled], banned_on[:bans].copy(), banned[:bans].copy()


@numba.njit(nogil=True, cache=True, inline="always")
def _gather(slots: Rows, message: int, extra: Extra, begin: int, end: int, candidates: Integers) -> int:
    """Put a message's identifiers into `candidates`, strongest first; returns how many there are."""
    count = 0
    for number in range(slots.shape[0]):
        if slots[number, message]:
            candidates[count] = slots[number, message] - 1
            count += 1
        for place in range(begin, end):
            if extra.type[place] == number and extra.code[place]:
                candidates[count] = extra.code[place] - 1
                count += 1
    return count


@numba.njit(nogil=True, cache=True, inline="always")
def _holds(array: Integers, start: int, end: int, value: int) -> bool:
    place = start
    while place < end and array[place] != value:
        place += 1
    return place < end
