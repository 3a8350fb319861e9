"""Identifier columns of a batch to mentions: which identifiers each message carries, as integer codes.

The mentions of a message stand strongest first: by the priority of their type, then by position on the
message (design section 5, step 1). Repeats, blank and blocked values are already gone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.identity.dictionary import ABSENT, Codes, Dictionary
from pipelines.identity.values import blank, blocked, normalised
from pipelines.rules import IdentifierRule

Column = Callable[[str], Iterable[pa.Array]]
"""Reads a column of the message set: its chunks, in row order."""

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
        return pa.DictionaryArray.from_arrays(pa.array(numbers, mask=numbers < 0), names).cast(pa.string())


def encode(column: Column, order: Longs, rules: tuple[IdentifierRule, ...], threads: int) -> Mentions:
    """Encode the identifier columns `id:<type>` and `more` of a message set.

    `order[ordinal]` is the row of the message in the columns; rows that are not in it (duplicates) are
    passed over. One thread a type: the dictionaries do not meet.
    """
    dictionaries = tuple(Dictionary(rule.type) for rule in rules)
    with ThreadPoolExecutor(max_workers=threads) as pool:
        columns = list(pool.map(lambda dictionary: _encode_column(column, dictionary), dictionaries))
        extra = _encode_more(column, dictionaries)
        settled = list(pool.map(_settle, rules, dictionaries))
    base = np.cumsum([0, *(len(values.value) for values in settled)])
    targets = [values.shifted(first) for values, first in zip(settled, base, strict=False)]
    present = [(codes, target) for codes, target in zip(columns, targets, strict=True) if codes is not None]
    slots = np.full(
        (len(present), max((len(codes) for codes, _ in present), default=0)), ABSENT, dtype=np.int32
    )
    for slot, (codes, target) in zip(slots, present, strict=True):
        _translate(codes, target, slot)
    slot_of = np.cumsum([codes is not None for codes in columns]).astype(np.int32) - 1
    slot_of[[codes is None for codes in columns]] = ABSENT
    is_blocked = np.concatenate([np.empty(0, dtype=np.bool_), *(values.blocked for values in settled)])
    start, identifier, blocks = _line_up(order, slots, slot_of, extra.translated(targets), is_blocked)
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


def _encode_column(column: Column, dictionary: Dictionary) -> Codes | None:
    """Codes of one type's column over the whole set; None if no message has a value."""
    parts: list[Codes] = []
    for chunk in column(f"id:{dictionary.type}"):
        codes = np.empty(len(chunk), dtype=np.int32)
        dictionary.encode(chunk, codes)
        parts.append(codes)
    return np.concatenate(parts) if len(dictionary) else None


class _Extra(NamedTuple):
    """Further values of a type on one message, in row order, then by position."""

    row: Longs
    type: Integers
    code: Integers

    def translated(self, targets: list[Integers]) -> _Extra:
        code = np.full_like(self.code, ABSENT)
        for number, target in enumerate(targets):
            here = self.type == number
            code[here] = target[self.code[here]]
        return _Extra(self.row, self.type, code)


def _encode_more(column: Column, dictionaries: tuple[Dictionary, ...]) -> _Extra:
    names = pa.array([dictionary.type for dictionary in dictionaries], type=pa.string())
    rows, types, codes = (
        [np.empty(0, dtype=np.int64)],
        [np.empty(0, dtype=np.int32)],
        [np.empty(0, dtype=np.int32)],
    )
    first = 0
    for chunk in column("more"):
        if chunk.null_count < len(chunk):
            pairs = pc.list_flatten(chunk)
            number = pc.fill_null(pc.index_in(pairs.field("type"), value_set=names), ABSENT).to_numpy(
                zero_copy_only=False
            )
            code = np.full(len(pairs), ABSENT, dtype=np.int32)
            for which in np.unique(number[number >= 0]):
                here = number == which
                some = np.empty(int(here.sum()), dtype=np.int32)
                dictionaries[which].encode(pairs.field("value").filter(pa.array(here)), some)
                code[here] = some
            known = code >= 0
            rows.append(first + pc.list_parent_indices(chunk).to_numpy().astype(np.int64)[known])
            types.append(number[known].astype(np.int32))
            codes.append(code[known])
        first += len(chunk)
    return _Extra(np.concatenate(rows), np.concatenate(types), np.concatenate(codes))


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
def _translate(codes: Codes, target: Integers, out: Integers) -> None:
    for row in range(len(codes)):
        out[row] = target[codes[row]] if codes[row] >= 0 else -1


@numba.njit(nogil=True, cache=True)
def _line_up(
    order: Longs,
    slots: npt.NDArray[np.int32],
    slot_of: Integers,
    extra: _Extra,
    is_blocked: npt.NDArray[np.bool_],
) -> tuple[Longs, Integers, tuple[Integers, Integers]]:
    """One pass over the messages in order: their identifiers, no repeats, none blocked."""
    most = len(extra.row)
    for slot in range(slots.shape[0]):
        most += (slots[slot] >= 0).sum()
    start = np.zeros(len(order) + 1, dtype=np.int64)
    used, banned = np.empty(most, dtype=np.int32), np.empty(most, dtype=np.int32)
    banned_on = np.empty(most, dtype=np.int32)
    filled, bans = 0, 0
    candidates = np.empty(len(slot_of) + _most_extra(extra.row), dtype=np.int32)
    for ordinal in range(len(order)):
        first, first_ban = filled, bans
        for code in candidates[: _gather(order[ordinal], slots, slot_of, extra, candidates)]:
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
def _gather(
    row: int, slots: npt.NDArray[np.int32], slot_of: Integers, extra: _Extra, candidates: Integers
) -> int:
    """Put a message's identifiers into `candidates`, strongest first; returns how many there are."""
    count = 0
    begin = np.searchsorted(extra.row, row) if len(extra.row) else 0
    end = begin
    while end < len(extra.row) and extra.row[end] == row:
        end += 1
    for number in range(len(slot_of)):
        code = slots[slot_of[number], row] if slot_of[number] >= 0 else -1
        if code >= 0:
            candidates[count] = code
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
