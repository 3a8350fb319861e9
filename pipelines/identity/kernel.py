"""The ordered replay: one compiled pass over integer codes that applies every rule of flat matching.

Source: design section 5 (steps 1 to 5), spec identity-resolution.md section 5. A plain resolver in the
tests judges this one. A message is its ordinal; identifiers and profiles are rows of `graph.py`.

Most messages change nothing, and most of the others create a profile or add to one within its limits. Both
have a short way; what is left takes the long one, through all the rules.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from pipelines.identity.graph import (
    COUNTS,
    FIRST_OWNER,
    HELD,
    KIND,
    MEMBER,
    MEMBERS,
    MESSAGE,
    NONE,
    OWNER,
    PARENT,
    PLACE,
    Graph,
    Integers,
    Longs,
    Rows,
    attach,
    create,
    merge,
    root,
)
from pipelines.identity.limits import KEEPS_RULES, MAPPING_CAP, Limits, violation

_BLOCK = 64
"""Messages, or mentions, looked ahead at a time."""


class Messages(NamedTuple):
    """A stretch of a batch: its message i mentions `identifier[start[i]:start[i + 1]]`, strongest first."""

    first: int
    """How many messages the batch has before."""
    start: Longs
    identifier: Integers
    time: Longs
    """Event time of all messages of the batch, µs."""
    addressee: Integers
    """The profile each is for without matching, or `NONE`; empty if none is addressed."""


class Log(NamedTuple):
    """Rows of integers in the order in which they were written; only the first `used[0]` are set."""

    used: Longs
    rows: Rows

    def column(self, number: int) -> Integers:
        """One field of all rows."""
        return self.rows[: self.used[0], number]

    def wider(self) -> Log:
        """The same log with room for more."""
        rows = np.empty((2 * len(self.rows) + 4096, self.rows.shape[1]), dtype=np.int32)
        rows[: len(self.rows)] = self.rows
        return Log(self.used, rows)


class Replayed(NamedTuple):
    """What happened, in processing order. Which message mapped an identifier is in the graph."""

    stamp: Integers
    """Per message: the profile it is stamped with."""
    created: Log
    """Per new profile: message, its strongest identifier."""
    merges: Log
    """Per change of a canonical: message, profile moved (recursive ones included, oldest first), survivor."""
    drops: Log
    """Per identifier not used: message, identifier, reason (violated type, `MERGE_CAP`, `MAPPING_CAP`)."""


class Replay:
    """A replay under way: `go_on` with one stretch of messages after the other."""

    def __init__(self, messages: int, known: int, graph: Graph, limits: Limits) -> None:
        """`messages` in all; `known`: profiles present before; `graph` is changed in place."""
        self._known, self._graph, self._limits = known, graph, limits
        stamp = np.full(messages, NONE, dtype=np.int32)
        self.replayed = Replayed(stamp, _log(len(graph.profile) - known, 2), _log(0, 3), _log(0, 3))
        self._fresh = np.zeros(len(limits.limit), dtype=np.int32)

    def go_on(self, messages: Messages) -> None:
        """Process the next messages in order."""
        joined = np.empty(int(np.diff(messages.start).max(initial=1)), dtype=np.int32)
        reached, count = 0, len(messages.start) - 1
        while reached < count:
            reached = _replay(
                messages, self._known, self._graph, self._limits, joined, self._fresh, self.replayed, reached
            )
            if reached < count:
                merges, drops = self.replayed.merges.wider(), self.replayed.drops.wider()
                self.replayed = self.replayed._replace(merges=merges, drops=drops)


def _log(rows: int, fields: int) -> Log:
    return Log(np.zeros(1, dtype=np.int64), np.empty((rows, fields), dtype=np.int32))


@numba.njit(nogil=True, cache=True)
def _replay(
    messages: Messages,
    known: int,
    graph: Graph,
    limits: Limits,
    joined: Integers,
    fresh: Integers,
    replayed: Replayed,
    reached: int,
) -> int:
    """Go on from the message at `reached`; returns where a log has no room left, or the end.

    `joined` and `fresh` have room for one message: the canonical profiles it joins, and how many values
    of each type nobody holds yet; `fresh` is all 0 between messages.
    """
    earlier, start, mentions, _, addressee = messages
    identifiers, _, profiles = graph
    stamp, created, merges, drops = replayed
    touched = np.empty(_BLOCK, dtype=np.int32)
    for place in range(reached, len(start) - 1):
        message, begin, end = earlier + place, start[place], start[place + 1]
        if place % _BLOCK == 0:
            _look_ahead(mentions, begin, start[min(place + _BLOCK, len(start) - 1)], graph, touched)
        count, new = _join(identifiers, profiles, mentions, begin, end, joined, fresh)
        if new == 0 and count <= 1:
            stamp[message] = _only(profiles, joined, count, addressee, message)
            continue
        drops_before = drops.used[0]
        if drops_before + end - begin > len(drops.rows):
            fresh[:] = 0
            return place
        if not _fits(profiles, joined, count, fresh, limits):
            end, count, new = _fit(graph, limits, messages, place, joined, fresh, drops)
        if count == 0:
            joined[0] = _created(profiles, known, message, mentions[begin], created)
        profile = joined[0]
        stamp[message] = profile
        if count > 1:
            profile = _oldest(joined, count)
            if not _log_moves(profiles, joined, count, profile, message, merges):
                drops.used[0] = drops_before
                return place
            stamp[message] = _before(graph, mentions, begin, end, limits.anonymous)
            _merge(identifiers, profiles, joined, count, profile)
        if new:
            _map(graph, limits.mappings, messages, place, end, profile, drops)
    return len(start) - 1


@numba.njit(nogil=True, cache=True)
def _look_ahead(mentions: Integers, begin: int, end: int, graph: Graph, touched: Integers) -> None:
    """Touch the rows that the next messages need, so that the memory's slow answers come side by side."""
    for first in range(begin, end, _BLOCK):
        size = min(_BLOCK, end - first)
        for place in range(size):
            touched[place] = graph.identifier[mentions[first + place], OWNER]
        for place in range(size):
            if touched[place] != NONE:
                touched[place] = graph.profile[touched[place], PARENT]


@numba.njit(nogil=True, cache=True, inline="always")
def _join(
    identifiers: Rows,
    profiles: Rows,
    mentions: Integers,
    begin: int,
    end: int,
    joined: Integers,
    fresh: Integers,
) -> tuple[int, int]:
    """The distinct canonical profiles of the mentions, and how many of them nobody holds, also by type."""
    count, new = 0, 0
    for mention in range(begin, end):
        code = mentions[mention]
        owner = identifiers[code, OWNER]
        if owner == NONE:
            fresh[identifiers[code, KIND]] += 1
            new += 1
            continue
        owner = root(profiles, owner)
        place = 0
        while place < count and joined[place] != owner:
            place += 1
        if place == count:
            joined[count] = owner
            count += 1
    return count, new


@numba.njit(nogil=True, cache=True, inline="always")
def _only(profiles: Rows, joined: Integers, count: int, addressee: Integers, message: int) -> int:
    """The profile of a message that changes nothing: its owner, or whom it is addressed to, or `NONE`."""
    only = NONE
    if count:
        only = int(joined[0])
    elif len(addressee) and addressee[message] != NONE:
        only = root(profiles, addressee[message])
    return only


@numba.njit(nogil=True, cache=True, inline="always")
def _fits(profiles: Rows, joined: Integers, count: int, fresh: Integers, limits: Limits) -> bool:
    """The short way: the one profile, or the one to come, has room whatever the windows; clears `fresh`."""
    fits = count <= 1
    for number in range(len(fresh)):
        if fresh[number]:
            total = fresh[number]
            if count:
                total += profiles[joined[0], COUNTS + number]
            fits = fits and total <= limits.limit[number]
            fresh[number] = 0
    return fits


@numba.njit(nogil=True, cache=True, inline="always")
def _created(profiles: Rows, known: int, message: int, code: int, created: Log) -> int:
    """A new profile, by a message and its strongest identifier."""
    row = created.used[0]
    create(profiles, known + row)
    created.rows[row, 0] = message
    created.rows[row, 1] = code
    created.used[0] += 1
    return int(known + row)


@numba.njit(nogil=True, cache=True, inline="always")
def _oldest(joined: Integers, count: int) -> int:
    oldest = int(joined[0])
    for place in range(1, count):
        oldest = min(oldest, int(joined[place]))
    return oldest


@numba.njit(nogil=True, cache=True, inline="always")
def _merge(identifiers: Rows, profiles: Rows, joined: Integers, count: int, survivor: int) -> None:
    for place in range(count):
        if joined[place] != survivor:
            merge(identifiers, profiles, joined[place], survivor)


@numba.njit(nogil=True, cache=True, inline="always")
def _map(graph: Graph, most: int, messages: Messages, which: int, end: int, profile: int, drops: Log) -> None:
    """Map the identifiers nobody holds to the profile, strongest first, while it may have more."""
    identifiers, mapped_at, profiles = graph
    message, place = messages.first + which, 0
    for mention in range(messages.start[which], end):
        code = messages.identifier[mention]
        if identifiers[code, OWNER] != NONE:
            continue
        if profiles[profile, HELD] >= most:
            _drop(drops, message, code, MAPPING_CAP)
            continue
        attach(identifiers, profiles, code, profile)
        mapped_at[code] = messages.time[message]
        identifiers[code, MESSAGE] = message
        identifiers[code, FIRST_OWNER] = profile
        identifiers[code, PLACE] = place
        place += 1


@numba.njit(nogil=True, cache=True, inline="always")
def _drop(drops: Log, message: int, code: int, why: int) -> None:
    row = drops.used[0]
    drops.rows[row, 0] = message
    drops.rows[row, 1] = code
    drops.rows[row, 2] = why
    drops.used[0] += 1


@numba.njit(nogil=True, cache=True)
def _fit(
    graph: Graph,
    limits: Limits,
    messages: Messages,
    place: int,
    joined: Integers,
    fresh: Integers,
    drops: Log,
) -> tuple[int, int, int]:
    """Drop the last identifier until the would-be profile keeps the rules.

    Returns where the kept identifiers end, how many profiles they join (in `joined`), and how many of them
    nobody holds yet. It ends: one identifier alone breaks no rule.
    """
    begin, end, message = messages.start[place], messages.start[place + 1], messages.first + place
    while True:
        count, new = _join(graph.identifier, graph.profile, messages.identifier, begin, end, joined, fresh)
        broken = violation(graph, limits, joined, count, new, fresh, messages.time[message])
        fresh[:] = 0
        if broken == KEEPS_RULES:
            return end, count, new
        end -= 1
        _drop(drops, message, messages.identifier[end], broken)


@numba.njit(nogil=True, cache=True)
def _before(graph: Graph, mentions: Integers, begin: int, end: int, anonymous: int) -> int:
    """The profile that owned the anonymous id before a merge, else the strongest identifier owned."""
    strongest = NONE
    for mention in range(begin, end):
        code = mentions[mention]
        owner = graph.identifier[code, OWNER]
        if owner != NONE:
            if graph.identifier[code, KIND] == anonymous:
                return root(graph.profile, owner)
            if strongest == NONE:
                strongest = root(graph.profile, owner)
    return strongest


@numba.njit(nogil=True, cache=True)
def _log_moves(
    profiles: Rows, joined: Integers, count: int, survivor: int, message: int, merges: Log
) -> bool:
    """Log every profile a merge moves, oldest first: the joined ones and all merged into them before.

    False, and nothing is logged, if there is no room.
    """
    most = 0
    for place in range(count):
        most += 1 + profiles[joined[place], MEMBERS]
    first = merges.used[0]
    if first + most > len(merges.rows):
        return False
    row = first
    for place in range(count):
        away = joined[place] if joined[place] != survivor else NONE
        while away != NONE:
            merges.rows[row, 0] = message
            merges.rows[row, 1] = away
            merges.rows[row, 2] = survivor
            row += 1
            away = profiles[away, MEMBER]
    if row > first + 1:
        oldest_first = np.sort(merges.rows[first:row, 1])
        for place in range(row - first):
            merges.rows[first + place, 1] = oldest_first[place]
    merges.used[0] = row
    return True
