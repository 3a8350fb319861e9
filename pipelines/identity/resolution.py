"""Resolve a batch: mentions and the part of the graph they touch in, what changed out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.identity import kernel
from pipelines.identity.mentions import Integers, Longs, Mentions
from pipelines.rules import Rules

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
class Resolution:
    """What a batch did to the graph. Times are timestamps (µs), the rest as in `sql/tables/state`."""

    owners: pa.Table
    """`ordinal`, `profile` (null: unresolved): one row a message."""
    profiles: pa.Table
    """`profile`, `canonical` (at the end), `ordinal`, `type`, `value` (the creating identifier)."""
    identifiers: pa.Table
    """`hash`, `type`, `value`, `profile` (at the end), `first_profile`, `mapped_at`, `ordinal`, `place`."""
    merges: pa.Table
    """`ordinal`, `place`, `profile`, `canonical`."""
    moved: pa.Table
    """`profile`, `canonical`: known profiles whose canonical is another now."""
    merged: int
    """How many profiles were canonical, before the batch or within it, and are not any more."""
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
    messages = kernel.Messages(mentions.start, mentions.identifier, times, _ages(addressees, numbers))
    replayed = kernel.replay(messages, len(numbers), graph, _limits(rules, mentions))
    created = int(replayed.created.used[0])
    canonical = kernel.roots(graph, len(numbers) + created)
    profile_number = np.concatenate([numbers, known.next_profile + np.arange(created)])
    return _decode(mentions, times, known, replayed, canonical, profile_number)


def _ages(addressees: pa.Array | None, numbers: Longs) -> Integers:
    if addressees is None:
        return np.empty(0, dtype=np.int32)
    found: Integers = np.searchsorted(numbers, pc.fill_null(addressees, 0).to_numpy()).astype(np.int32)
    found[pc.is_null(addressees).to_numpy(zero_copy_only=False)] = kernel.NONE
    return found


def _limits(rules: Rules, mentions: Mentions) -> kernel.Limits:
    types = [rule.type for rule in mentions.rules]
    return kernel.Limits(
        limit=np.array([rule.limit for rule in mentions.rules], dtype=np.int32),
        window=np.array([WINDOWS[rule.window] for rule in mentions.rules], dtype=np.int64),
        anonymous=types.index("anonymous_id") if "anonymous_id" in types else kernel.NONE,
        merges=rules.merge_limit,
        mappings=rules.mapping_limit,
    )


def _graph(mentions: Mentions, known: Known, numbers: Longs) -> kernel.Graph:
    """Rows for all identifiers and profiles there can be at the end, with what is known entered."""
    held = known.identifiers
    mentioned = len(mentions.type)
    absent = pc.is_null(held["code"]).to_numpy(zero_copy_only=False).astype(np.bool_)
    codes = pc.fill_null(held["code"], 0).to_numpy().astype(np.int32)
    codes[absent] = mentioned + np.arange(int(absent.sum()), dtype=np.int32)
    graph = kernel.empty_graph(
        identifiers=mentioned + int(absent.sum()),
        profiles=len(numbers) + min(len(mentions), mentioned),
        types=len(mentions.rules),
    )
    graph.identifier[:mentioned, kernel.KIND] = mentions.type
    names = pa.array([rule.type for rule in mentions.rules], type=pa.string())
    types = pc.fill_null(pc.index_in(held["type"], value_set=names), kernel.NONE)
    graph.identifier[codes, kernel.KIND] = types.to_numpy()
    members = np.searchsorted(numbers, known.profiles["profile"].to_numpy()).astype(np.int32)
    canonicals = np.searchsorted(numbers, known.profiles["canonical"].to_numpy()).astype(np.int32)
    oldest_first = np.argsort(members)
    owners = np.searchsorted(numbers, held["profile"].to_numpy()).astype(np.int32)
    times = held["mapped_at"].cast(pa.int64()).to_numpy()
    kernel.seed(graph, members[oldest_first], canonicals[oldest_first], codes, owners, np.array(times))
    return graph


def _decode(
    mentions: Mentions,
    times: Longs,
    known: Known,
    replayed: kernel.Replayed,
    canonical: Integers,
    profile_number: Longs,
) -> Resolution:
    before = len(canonical) - int(replayed.created.used[0])
    creator = replayed.created.column(1)
    mapped_by, identifier, profile, place = (replayed.mapped.column(field) for field in range(4))
    was = np.searchsorted(profile_number[:before], known.profiles["canonical"].to_numpy())
    age = np.searchsorted(profile_number[:before], known.profiles["profile"].to_numpy())
    has_moved = canonical[age] != was
    moved = age[has_moved]
    new = np.arange(before, len(canonical))
    return Resolution(
        owners=pa.table(
            {
                "ordinal": np.arange(len(mentions), dtype=np.int32),
                "profile": _profiles(replayed.stamp, profile_number),
            }
        ),
        profiles=pa.table(
            {
                "profile": profile_number[before:],
                "canonical": profile_number[canonical[before:]],
                "ordinal": replayed.created.column(0),
                "type": mentions.type_names(mentions.type[creator]),
                "value": mentions.value.take(pa.array(creator)),
            }
        ),
        identifiers=pa.table(
            {
                "hash": mentions.hash[identifier],
                "type": mentions.type_names(mentions.type[identifier]),
                "value": mentions.value.take(pa.array(identifier)),
                "profile": profile_number[canonical[profile]],
                "first_profile": profile_number[profile],
                "mapped_at": pa.array(times[mapped_by], type=pa.timestamp("us")),
                "ordinal": mapped_by,
                "place": place.astype(np.int16),
            }
        ),
        merges=pa.table(
            {
                "ordinal": replayed.merges.column(0),
                "place": _places(replayed.merges.column(0)),
                "profile": profile_number[replayed.merges.column(1)],
                "canonical": profile_number[replayed.merges.column(2)],
            }
        ),
        merged=int((canonical[new] != new).sum() + (has_moved & (was == age)).sum()),
        moved=pa.table({"profile": profile_number[moved], "canonical": profile_number[canonical[moved]]}),
        log=_log(mentions, replayed, profile_number),
    )


def _profiles(stamp: Integers, profile_number: Longs) -> pa.Array:
    unresolved = stamp == kernel.NONE
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


def _log(mentions: Mentions, replayed: kernel.Replayed, profile_number: Longs) -> pa.Table:
    """Blocked values, demotions and caps, and messages without a match; by message."""
    message, identifier, why = (replayed.drops.column(field) for field in range(3))
    unmatched = np.flatnonzero((np.diff(mentions.start) == 0) & (replayed.stamp == kernel.NONE)).astype(
        np.int32
    )
    windowed = np.array([rule.window != "ever" for rule in mentions.rules], dtype=np.bool_)
    pieces = (
        (mentions.blocked_message, mentions.blocked_identifier, kernel.NONE, _BLOCKED),
        (message, identifier, np.maximum(why, kernel.NONE), _drop_reasons(why, windowed)),
        (unmatched, kernel.NONE, kernel.NONE, _NO_MATCH),
    )
    message, identifier, violated, reason = (
        np.concatenate([np.broadcast_to(piece[column], piece[0].shape) for piece in pieces]).astype(np.int32)
        for column in range(4)
    )
    order = np.argsort(message, kind="stable")
    message, identifier, violated, reason = message[order], identifier[order], violated[order], reason[order]
    absent = identifier == kernel.NONE
    kinds = np.full(len(identifier), kernel.NONE, dtype=np.int32)
    kinds[~absent] = mentions.type[identifier[~absent]]
    return pa.table(
        {
            "ordinal": message,
            "identifier_type": mentions.type_names(kinds),
            "identifier_value": mentions.value.take(pa.array(identifier, mask=absent)),
            "violated_type": mentions.type_names(violated),
            "reason": pa.DictionaryArray.from_arrays(pa.array(reason), pa.array(REASONS)).cast(pa.string()),
            "profile": _profiles(replayed.stamp[message], profile_number),
        }
    )


def _drop_reasons(why: Integers, windowed: npt.NDArray[np.bool_]) -> Integers:
    """Index into `REASONS` of each drop."""
    reason = np.full(len(why), _LIMIT, dtype=np.int32)
    reason[why == kernel.MERGE_CAP] = _MERGES
    reason[why == kernel.MAPPING_CAP] = _MAPPINGS
    by_type = why >= 0
    reason[by_type] = np.where(windowed[why[by_type]], _TIME_LIMIT, _LIMIT)
    return reason
