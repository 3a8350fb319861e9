"""Resolve a batch: mentions and the part of the graph they touch in, what changed out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.identity import kernel
from pipelines.identity.graph import (
    FIRST_OWNER,
    MESSAGE,
    NONE,
    PLACE,
    Graph,
    Integers,
    Longs,
    empty_graph,
    roots,
    seed,
)
from pipelines.identity.limits import MAPPING_CAP, MERGE_CAP, Limits
from pipelines.identity.mentions import Mentions
from pipelines.readahead import prefetch
from pipelines.rules import Rules

BLOCK_ROWS = 122_880
"""Rows of a block: what DuckDB stores together."""

_DAY = 86_400_000_000
WINDOWS = {"ever": 0, "daily": _DAY, "weekly": 7 * _DAY, "monthly": 30 * _DAY, "annually": 365 * _DAY}
"""Length of a window in µs (spec identity-resolution.md section 5.1)."""

REASONS = (
    "ID value blocked",
    "Identifier value limit exceeded",
    "Identifier value time limit exceeded",
    "Profile merge limit exceeded",
    "Identifier mapping limit exceeded",
    "No matching identifiers on event",
)
"""Segment's names (spec identity-resolution.md section 5.3); the last is of a message nobody matches."""
_BLOCKED, _LIMIT, _TIME_LIMIT, _MERGES, _MAPPINGS, _NO_MATCH = range(len(REASONS))


@dataclass(frozen=True, slots=True)
class Known:
    """The part of the graph a batch touches, as it stands before the batch.

    `profiles`: `profile`, `canonical` (int64): every touched canonical profile and all merged into them.
    `identifiers`: `code` (int32, null if the batch does not mention it), `type`, `profile` (canonical),
    `mapped_at` (timestamp µs): everything those profiles hold.
    `next_profile`: the number of the first profile to be created.
    """

    profiles: pa.Table
    identifiers: pa.Table
    next_profile: int


def nothing_known(next_profile: int = 1) -> Known:
    """The state of an empty store."""
    return Known(
        pa.table({"profile": pa.array([], pa.int64()), "canonical": pa.array([], pa.int64())}),
        pa.table(
            {
                "code": pa.array([], pa.int32()),
                "type": pa.array([], pa.string()),
                "profile": pa.array([], pa.int64()),
                "mapped_at": pa.array([], pa.timestamp("us")),
            }
        ),
        next_profile,
    )


@dataclass(frozen=True, slots=True)
class Blocks:
    """A table that is made block by block, while it is read."""

    schema: pa.Schema
    blocks: Callable[[], Iterator[pa.RecordBatch]]

    def reader(self) -> pa.RecordBatchReader:
        """The blocks, to be read once."""
        return pa.RecordBatchReader.from_batches(self.schema, self.blocks())

    def table(self) -> pa.Table:
        """All blocks at once."""
        return self.reader().read_all()

    def beside(self, name: str, by_ordinal: npt.NDArray[np.generic], type_: pa.DataType) -> Blocks:
        """The same with one more column, of which each row takes what stands at its `ordinal`."""

        def blocks() -> Iterator[pa.RecordBatch]:
            for block in self.blocks():
                column = by_ordinal[block.column("ordinal").to_numpy()]
                yield block.append_column(name, pa.array(column).cast(type_))

        return Blocks(self.schema.append(pa.field(name, type_)), blocks)


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a batch did to the graph. Times are timestamps (µs), the rest as in `sql/tables/state`."""

    owners: Blocks
    """`ordinal`, `profile` (null: unresolved): one row a message."""
    profiles: pa.Table
    """`profile`, `canonical` (at the end), `ordinal`, `identifier` (code of the creating one)."""
    identifiers: Blocks
    """`hash`, `type`, `value`, `profile` (at the end), `first_profile`, `mapped_at`, `ordinal`, `place`."""
    merges: pa.Table
    """`ordinal`, `place`, `profile`, `canonical`."""
    moved: pa.Table
    """`profile`, `canonical`: known profiles whose canonical is another now."""
    merged: int
    """How many profiles were canonical, before the batch or within it, and are not any more."""
    unresolved: int
    """How many messages belong to nobody."""
    log: pa.Table
    """`ordinal`, `identifier_type`, `identifier_value`, `violated_type`, `reason`, `profile`."""


def resolve(
    mentions: Mentions, times: Longs, rules: Rules, known: Known, addressees: pa.Array | None = None
) -> Resolution:
    """Replay a batch in order under `rules` (design section 5).

    `times`: event time per message, µs. `addressees`: per message the number of a known profile it is for
    without matching, null for the others.
    """
    numbers = np.sort(known.profiles["profile"].to_numpy())
    graph = _graph(mentions, known, numbers)
    replay = kernel.Replay(len(mentions), len(numbers), graph, _limits(rules, mentions))
    called = _ages(addressees, numbers)
    blocked = []
    for stretch in prefetch(mentions.stretches()):
        replay.go_on(kernel.Messages(stretch.first, stretch.start, stretch.identifier, times, called))
        blocked.append((stretch.blocked_message, stretch.blocked_identifier))
    replayed = replay.replayed
    created = int(replayed.created.used[0])
    canonical = roots(graph, len(numbers) + created)
    profile_number = np.concatenate([numbers, known.next_profile + np.arange(created)])
    log = _log(mentions, replayed, blocked, profile_number)
    return _decode(mentions, known, replayed, graph, canonical, profile_number, log)


def _ages(addressees: pa.Array | None, numbers: Longs) -> Integers:
    if addressees is None:
        return np.empty(0, dtype=np.int32)
    found: Integers = np.searchsorted(numbers, pc.fill_null(addressees, 0).to_numpy()).astype(np.int32)
    found[pc.is_null(addressees).to_numpy(zero_copy_only=False)] = NONE
    return found


def _limits(rules: Rules, mentions: Mentions) -> Limits:
    types = [rule.type for rule in mentions.rules]
    return Limits(
        limit=np.array([rule.limit for rule in mentions.rules], dtype=np.int32),
        window=np.array([WINDOWS[rule.window] for rule in mentions.rules], dtype=np.int64),
        anonymous=types.index("anonymous_id") if "anonymous_id" in types else NONE,
        merges=rules.merge_limit,
        mappings=rules.mapping_limit,
    )


def _graph(mentions: Mentions, known: Known, numbers: Longs) -> Graph:
    """Rows for all identifiers and profiles there can be at the end, with what is known entered."""
    held = known.identifiers
    mentioned = mentions.distinct
    absent = pc.is_null(held["code"]).to_numpy(zero_copy_only=False).astype(np.bool_)
    codes = pc.fill_null(held["code"], 0).to_numpy().astype(np.int32)
    codes[absent] = mentioned + np.arange(int(absent.sum()), dtype=np.int32)
    names = pa.array([rule.type for rule in mentions.rules], type=pa.string())
    types = pc.fill_null(pc.index_in(held["type"], value_set=names), NONE).to_numpy().astype(np.int32)
    graph = empty_graph(
        kinds=np.concatenate([mentions.kinds(), types[absent]]),
        profiles=len(numbers) + min(len(mentions), mentioned),
        types=len(mentions.rules),
    )
    members = np.searchsorted(numbers, known.profiles["profile"].to_numpy()).astype(np.int32)
    canonicals = np.searchsorted(numbers, known.profiles["canonical"].to_numpy()).astype(np.int32)
    oldest_first = np.argsort(members)
    owners = np.searchsorted(numbers, held["profile"].to_numpy()).astype(np.int32)
    times = held["mapped_at"].cast(pa.int64()).to_numpy()
    seed(graph, members[oldest_first], canonicals[oldest_first], codes, owners, np.array(times))
    return graph


def _decode(
    mentions: Mentions,
    known: Known,
    replayed: kernel.Replayed,
    graph: Graph,
    canonical: Integers,
    profile_number: Longs,
    log: pa.Table,
) -> Resolution:
    before = len(canonical) - int(replayed.created.used[0])
    was = np.searchsorted(profile_number[:before], known.profiles["canonical"].to_numpy())
    age = np.searchsorted(profile_number[:before], known.profiles["profile"].to_numpy())
    has_moved = canonical[age] != was
    moved = age[has_moved]
    new = np.arange(before, len(canonical))
    return Resolution(
        owners=_owners(replayed.stamp, profile_number),
        profiles=pa.table(
            {
                "profile": profile_number[before:],
                "canonical": profile_number[canonical[before:]],
                "ordinal": replayed.created.column(0),
                "identifier": replayed.created.column(1),
            }
        ),
        identifiers=_identifiers(mentions, graph, canonical, profile_number),
        merges=pa.table(
            {
                "ordinal": replayed.merges.column(0),
                "place": _places(replayed.merges.column(0)),
                "profile": profile_number[replayed.merges.column(1)],
                "canonical": profile_number[replayed.merges.column(2)],
            }
        ),
        merged=int((canonical[new] != new).sum() + (has_moved & (was == age)).sum()),
        unresolved=int((replayed.stamp == NONE).sum()),
        moved=pa.table({"profile": profile_number[moved], "canonical": profile_number[canonical[moved]]}),
        log=log,
    )


def _owners(stamp: Integers, profile_number: Longs) -> Blocks:
    """Who owns each message, in their order."""

    def blocks() -> Iterator[pa.RecordBatch]:
        for first in range(0, len(stamp), BLOCK_ROWS):
            last = min(first + BLOCK_ROWS, len(stamp))
            profile = _profiles(stamp[first:last], profile_number)
            yield pa.record_batch([np.arange(first, last, dtype=np.int32), profile], schema=_OWNERS)

    return Blocks(_OWNERS, blocks)


_OWNERS = pa.schema([("ordinal", pa.int32()), ("profile", pa.int64())])

_IDENTIFIERS = pa.schema(
    [
        ("hash", pa.uint64()),
        ("type", pa.dictionary(pa.int32(), pa.string())),
        ("value", pa.large_string()),
        ("profile", pa.int64()),
        ("first_profile", pa.int64()),
        ("mapped_at", pa.timestamp("us")),
        ("ordinal", pa.int32()),
        ("place", pa.int16()),
    ]
)


def _identifiers(mentions: Mentions, graph: Graph, canonical: Integers, profile_number: Longs) -> Blocks:
    """What the batch mapped, in the order of codes: so text is handed on where it lies."""

    def block(kind: int, first: int, last: int) -> pa.RecordBatch:
        base = int(mentions.base[kind])
        rows = graph.identifier[base + first : base + last]
        here = rows[:, MESSAGE] != NONE
        value = mentions.values[kind][first:last]
        if here.all():
            here = slice(None)
        else:
            value = value.filter(pa.array(here))
        owner = rows[here, FIRST_OWNER]
        return pa.record_batch(
            [
                pa.array(mentions.hashes[kind][first:last][here]),
                mentions.type_names(np.full(len(value), kind, dtype=np.int32)),
                value,
                pa.array(profile_number[canonical[owner]]),
                pa.array(profile_number[owner]),
                pa.array(graph.mapped_at[base + first : base + last][here]).cast(pa.timestamp("us")),
                pa.array(rows[here, MESSAGE]),
                pa.array(rows[here, PLACE].astype(np.int16)),
            ],
            schema=_IDENTIFIERS,
        )

    def blocks() -> Iterator[pa.RecordBatch]:
        for kind, values in enumerate(mentions.values):
            for first in range(0, len(values), BLOCK_ROWS):
                yield block(kind, first, min(first + BLOCK_ROWS, len(values)))

    return Blocks(_IDENTIFIERS, blocks)


def _profiles(stamp: Integers, profile_number: Longs) -> pa.Array:
    unresolved = stamp == NONE
    if not len(profile_number):
        return pa.nulls(len(stamp), pa.int64())
    return pa.array(profile_number[np.where(unresolved, 0, stamp)], mask=unresolved)


def _places(messages: Integers) -> npt.NDArray[np.int16]:
    """0, 1, 2 ... within each run of equal messages."""
    index = np.arange(len(messages))
    begins = (
        np.concatenate([[True], messages[1:] != messages[:-1]])
        if len(messages)
        else np.empty(0, dtype=np.bool_)
    )
    return (
        (index - np.maximum.accumulate(np.where(begins, index, 0))).astype(np.int16)
        if len(messages)
        else index.astype(np.int16)
    )


def _log(
    mentions: Mentions,
    replayed: kernel.Replayed,
    blocked: list[tuple[Integers, Integers]],
    profile_number: Longs,
) -> pa.Table:
    """Blocked values, demotions and caps, and messages without a match; by message."""
    message, identifier, why = (replayed.drops.column(field) for field in range(3))
    unmatched = np.flatnonzero(replayed.stamp == NONE).astype(np.int32)
    none = np.empty(0, dtype=np.int32)
    banned_on, banned = (np.concatenate([none, *(each[column] for each in blocked)]) for column in range(2))
    windowed = np.array([rule.window != "ever" for rule in mentions.rules], dtype=np.bool_)
    pieces = (
        (banned_on, banned, NONE, _BLOCKED),
        (message, identifier, np.maximum(why, NONE), _drop_reasons(why, windowed)),
        (unmatched, NONE, NONE, _NO_MATCH),
    )
    message, identifier, violated, reason = (
        np.concatenate([np.broadcast_to(piece[column], piece[0].shape) for piece in pieces]).astype(np.int32)
        for column in range(4)
    )
    order = np.argsort(message, kind="stable")
    message, identifier, violated, reason = message[order], identifier[order], violated[order], reason[order]
    absent = identifier == NONE
    kinds = np.where(absent, NONE, mentions.kinds(identifier)).astype(np.int32)
    return pa.table(
        {
            "ordinal": message,
            "identifier_type": mentions.type_names(kinds),
            "identifier_value": mentions.text(pa.array(identifier, mask=absent)),
            "violated_type": mentions.type_names(violated),
            "reason": pa.DictionaryArray.from_arrays(pa.array(reason), pa.array(REASONS)).cast(pa.string()),
            "profile": _profiles(replayed.stamp[message], profile_number),
        }
    )


def _drop_reasons(why: Integers, windowed: npt.NDArray[np.bool_]) -> Integers:
    """Index into `REASONS` of each drop."""
    reason = np.full(len(why), _LIMIT, dtype=np.int32)
    reason[why == MERGE_CAP] = _MERGES
    reason[why == MAPPING_CAP] = _MAPPINGS
    by_type = why >= 0
    reason[by_type] = np.where(windowed[why[by_type]], _TIME_LIMIT, _LIMIT)
    return reason
