"""Identifier columns of a batch to mentions: which identifiers each message carries, as integer codes.

The mentions of a message stand strongest first: by the priority of their type, then by position on the
message (design section 5, step 1). Repeats, blank and blocked values are already gone.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.identity.dictionary import ABSENT, Dictionary
from pipelines.identity.values import blank, blocked, normalised
from pipelines.rules import IdentifierRule

Integers = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Mentions:
    """Who is mentioned where. Message i (its ordinal) mentions `identifier[start[i]:start[i + 1]]`."""

    rules: tuple[IdentifierRule, ...]
    """Identifier types, strongest first; an index into it is a type's number."""
    start: Longs
    identifier: Integers
    type: Integers
    """Number of the type, per identifier."""
    hash: npt.NDArray[np.uint64]
    value: pa.LargeStringArray
    """Normalised value, per identifier."""
    blocked_message: Integers
    """Ordinal and identifier of every mention that was blocked."""
    blocked_identifier: Integers

    def __len__(self) -> int:
        return len(self.start) - 1

    def dictionary(self) -> pa.Table:
        """The distinct identifiers: `code` (int32), `hash` (uint64), `type`, `value`."""
        return pa.table(
            {
                "code": pa.array(np.arange(len(self.type), dtype=np.int32)),
                "hash": pa.array(self.hash),
                "type": self.type_names(self.type),
                "value": self.value,
            }
        )

    def type_names(self, numbers: Integers) -> pa.Array:
        """Names of types by number; a negative number is null."""
        names = pa.array([rule.type for rule in self.rules], type=pa.string())
        return pa.DictionaryArray.from_arrays(pa.array(numbers, mask=numbers < 0), names)


def encode(
    batches: Iterable[pa.RecordBatch], rows: Longs, size: int, rules: tuple[IdentifierRule, ...], threads: int
) -> Mentions:
    """Encode the identifier columns of a message set, which comes in batches of any size and order.

    Columns of a batch: `row`, `id:<type>` of every rule, `more`. `rows[ordinal]` is the row of a message;
    rows that are not in it (duplicates) are passed over; all rows are below `size`. One thread a type: the
    dictionaries do not meet.
    """
    dictionaries = tuple(Dictionary(rule.type) for rule in rules)
    # A code + 1, 0 for none: a type that never occurs then costs no memory.
    slots = np.zeros((len(rules), size), dtype=np.int32)
    extras = [_Extra(np.empty(0, np.int64), np.empty(0, np.int32), np.empty(0, np.int32))]
    with ThreadPoolExecutor(max_workers=threads) as pool:
        for batch in batches:
            row = batch.column("row").to_numpy()
            given = (batch.column(f"id:{rule.type}") for rule in rules)
            list(pool.map(_encode_column, given, dictionaries, slots, repeat(row)))
            extras.append(_encode_more(batch.column("more"), row, dictionaries))
        settled = list(pool.map(_settle, rules, dictionaries))
        base = np.cumsum([0, *(len(values.value) for values in settled)])
        targets = [values.shifted(first) for values, first in zip(settled, base, strict=False)]
        list(pool.map(_translate, slots, targets))
    is_blocked = np.concatenate([np.empty(0, dtype=np.bool_), *(values.blocked for values in settled)])
    start, identifier, blocks = _line_up(rows, slots, _gathered(extras, targets), is_blocked)
    return Mentions(
        rules=rules,
        start=start,
        identifier=identifier,
        type=np.repeat(np.arange(len(rules), dtype=np.int32), np.diff(base)),
        hash=np.concatenate([np.empty(0, dtype=np.uint64), *(values.hash for values in settled)]),
        value=pa.chunked_array([values.value for values in settled], type=pa.large_string()).combine_chunks(),
        blocked_message=blocks[0],
        blocked_identifier=blocks[1],
    )


def _encode_column(values: pa.StringArray, dictionary: Dictionary, slot: Integers, row: Longs) -> None:
    """Put the codes of one type's values into its slots."""
    if values.null_count < len(values):
        codes = np.empty(len(values), dtype=np.int32)
        dictionary.encode(values, codes)
        slot[row] = codes + np.int32(1)


class _Extra(NamedTuple):
    """Further values of a type on one message, in row order, then by position."""

    row: Longs
    type: Integers
    code: Integers


def _encode_more(more: pa.ListArray, row: Longs, dictionaries: tuple[Dictionary, ...]) -> _Extra:
    """The further values of a batch; one of an undeclared type gets no code."""
    pairs = pc.list_flatten(more)
    names = pa.array([dictionary.type for dictionary in dictionaries], type=pa.string())
    number = pc.fill_null(pc.index_in(pairs.field("type"), value_set=names), ABSENT).to_numpy()
    code = np.full(len(pairs), ABSENT, dtype=np.int32)
    for which in np.unique(number[number >= 0]):
        here = number == which
        some = np.empty(int(here.sum()), dtype=np.int32)
        dictionaries[which].encode(pairs.field("value").filter(pa.array(here)), some)
        code[here] = some
    return _Extra(row[pc.list_parent_indices(more).to_numpy()], number.astype(np.int32), code)


def _gathered(extras: list[_Extra], targets: list[Integers]) -> _Extra:
    """All batches' further values with their final codes, in row order."""
    row, kind, raw = (np.concatenate([extra[field] for extra in extras]) for field in range(3))
    code = np.full_like(raw, ABSENT)
    for number, target in enumerate(targets):
        here = (kind == number) & (raw >= 0)
        code[here] = target[raw[here]]
    order = np.argsort(row, kind="stable")
    return _Extra(row[order], kind[order], code[order])


@dataclass(frozen=True, slots=True)
class _Settled:
    """Distinct values of a type, normalised; `target` maps a raw code to one, or to `ABSENT` if blank."""

    target: Integers
    value: pa.LargeStringArray
    hash: npt.NDArray[np.uint64]
    blocked: npt.NDArray[np.bool_]

    def shifted(self, first: int) -> Integers:
        """`target` with codes that begin at `first`."""
        return np.where(self.target == ABSENT, ABSENT, self.target + first).astype(np.int32)


def _settle(rule: IdentifierRule, raw: Dictionary) -> _Settled:
    before = raw.values()
    after = normalised(before, rule)
    final, target = raw, np.arange(len(raw), dtype=np.int32)
    if after is not before:
        final = Dictionary(rule.type)
        final.encode(after.cast(pa.string()), target)
    values = final.values()
    is_blank = blank(values).to_numpy(zero_copy_only=False).astype(np.bool_)
    if is_blank.any():
        target = np.where(is_blank[target], ABSENT, target).astype(np.int32)
    hit = blocked(values, rule.blocked).to_numpy(zero_copy_only=False).astype(np.bool_)
    return _Settled(target, values, final.hashes(), hit)


@numba.njit(nogil=True, cache=True)
def _translate(slot: Integers, target: Integers) -> None:
    """From raw codes to final ones, both with 1 added and 0 for none."""
    if len(target):
        for row in range(len(slot)):
            if slot[row]:
                slot[row] = target[slot[row] - 1] + 1


@numba.njit(nogil=True, cache=True)
def _line_up(
    rows: Longs, slots: npt.NDArray[np.int32], extra: _Extra, is_blocked: npt.NDArray[np.bool_]
) -> tuple[Longs, Integers, tuple[Integers, Integers]]:
    """One pass over the messages in order: their identifiers, no repeats, none blocked."""
    most = len(extra.row)
    for number in range(slots.shape[0]):
        for row in range(slots.shape[1]):
            most += slots[number, row] > 0
    start = np.zeros(len(rows) + 1, dtype=np.int64)
    used, banned = np.empty(most, dtype=np.int32), np.empty(most, dtype=np.int32)
    banned_on = np.empty(most, dtype=np.int32)
    filled, bans = 0, 0
    candidates = np.empty(slots.shape[0] + _most_extra(extra.row), dtype=np.int32)
    for ordinal in range(len(rows)):
        first, first_ban = filled, bans
        for code in candidates[: _gather(rows[ordinal], slots, extra, candidates)]:
            if is_blocked[code]:
                if not _holds(banned, first_ban, bans, code):
                    banned_on[bans], banned[bans] = ordinal, code
                    bans += 1
            elif not _holds(used, first, filled, code):
                used[filled] = code
                filled += 1
        start[ordinal + 1] = filled
    return start, used[:filled].copy(), (banned_on[:bans].copy(), banned[:bans].copy())


@numba.njit(nogil=True, cache=True)
def _gather(row: int, slots: npt.NDArray[np.int32], extra: _Extra, candidates: Integers) -> int:
    """Put a message's identifiers into `candidates`, strongest first; returns how many there are."""
    count = 0
    begin = np.searchsorted(extra.row, row) if len(extra.row) else 0
    end = begin
    while end < len(extra.row) and extra.row[end] == row:
        end += 1
    for number in range(slots.shape[0]):
        if slots[number, row]:
            candidates[count] = slots[number, row] - 1
            count += 1
        for place in range(begin, end):
            if extra.type[place] == number and extra.code[place] >= 0:
                candidates[count] = extra.code[place]
                count += 1
    return count


@numba.njit(nogil=True, cache=True)
def _most_extra(rows: Longs) -> int:
    """The longest run of equal rows."""
    longest, run = 0, 0
    for place in range(len(rows)):
        run = run + 1 if place and rows[place] == rows[place - 1] else 1
        longest = max(longest, run)
    return longest


@numba.njit(nogil=True, cache=True)
def _holds(array: Integers, start: int, end: int, value: int) -> bool:
    place = start
    while place < end and array[place] != value:
        place += 1
    return place < end
