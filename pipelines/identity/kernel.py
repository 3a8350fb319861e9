"""The ordered replay: one compiled pass over integer codes that applies every rule of flat matching.

Source: design section 5 (steps 1 to 5), spec identity-resolution.md section 5. A plain resolver in the
tests judges this one. Everything is an index: a message by its ordinal, an identifier by its code, a
profile by its age (known ones first, then those created here), so the lesser profile is the older.

State is kept as rows of integers, not as many columns: what a message needs of a profile or an identifier
lies together in memory, and the compiler has few arrays to keep alive.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]

NONE = -1
"""No profile, no identifier, the end of a chain."""
KEEPS_RULES = -2
"""Nothing is violated. Otherwise a violation is a type's number or one of the next two."""
MERGE_CAP = -1
MAPPING_CAP = -3

_BLOCK = 64
"""Messages, or mentions, looked ahead at a time."""

# Fields of an identifier.
KIND = 0  # number of its type; NONE for a type that is no longer declared
OWNER = 1  # profile it was mapped to, NONE if it is not; follow it with `_root`
CHAIN = 2  # next identifier of the same profile
IDENTIFIER_FIELDS = 3

# Fields of a profile. From `COUNTS` on: how many identifiers it holds, per type.
PARENT = 0  # the profile this one was merged into, or itself
FIRST = 1  # ends of its chain of identifiers
LAST = 2
HELD = 3  # identifiers held, of whatever type
MEMBER = 4  # next in the chain of profiles merged away into the same one; a canonical one starts its own
LAST_MEMBER = 5
MEMBERS = 6  # how many profiles were merged away into this one
COUNTS = 7


class Messages(NamedTuple):
    """A batch in order. Message i mentions `identifier[start[i]:start[i + 1]]`, strongest first."""

    start: Longs
    identifier: Integers
    time: Longs
    """Event time, µs."""
    addressee: Integers
    """The profile a message is for without matching, or `NONE`; empty if none is addressed."""


class Graph(NamedTuple):
    """The state of the replay: a row an identifier, a row a profile (fields above)."""

    identifier: npt.NDArray[np.int32]
    mapped_at: Longs
    """Per identifier: time of its mapping, µs."""
    profile: npt.NDArray[np.int32]


class Limits(NamedTuple):
    """The rules as numbers. Per type, strongest first: `limit` and `window` in µs (0: ever)."""

    limit: Integers
    window: Longs
    anonymous: int
    """Number of the type `anonymous_id`, `NONE` if it is not declared."""
    merges: int
    mappings: int


class Log(NamedTuple):
    """Rows of integers in the order in which they were written; only the first `used[0]` are set."""

    used: Longs
    rows: npt.NDArray[np.int32]

    def column(self, number: int) -> Integers:
        """One field of all rows."""
        return self.rows[: self.used[0], number]


class Replayed(NamedTuple):
    """What happened, in processing order."""

    stamp: Integers
    """Per message: the profile it is stamped with."""
    created: Log
    """Per new profile: message, its strongest identifier."""
    mapped: Log
    """Per identifier mapped: message, identifier, profile, place on the message."""
    merges: Log
    """Per change of a canonical: message, profile moved (recursive ones included, oldest first), survivor."""
    drops: Log
    """Per identifier not used: message, identifier, reason (violated type, `MERGE_CAP`, `MAPPING_CAP`)."""


class Scratch(NamedTuple):
    """Room for one message: the canonical profiles it joins, and its values that nobody holds, per type."""

    joined: Integers
    fresh: Integers


def empty_graph(identifiers: int, profiles: int, types: int) -> Graph:
    """Room for so many identifiers and profiles, none of them mapped or merged."""
    profile = np.full((profiles, COUNTS + types), NONE, dtype=np.int32)
    profile[:, PARENT] = profile[:, LAST_MEMBER] = np.arange(profiles, dtype=np.int32)
    profile[:, HELD] = profile[:, MEMBERS] = 0
    profile[:, COUNTS:] = 0
    return Graph(
        np.full((identifiers, IDENTIFIER_FIELDS), NONE, dtype=np.int32),
        np.empty(identifiers, dtype=np.int64),
        profile,
    )


@numba.njit(nogil=True, cache=True)
def seed(
    graph: Graph, members: Integers, canonicals: Integers, codes: Integers, owners: Integers, times: Longs
) -> None:
    """Enter what is known: profiles merged away (oldest first), and what canonical profiles hold."""
    for row in range(len(members)):
        member, canonical = graph.profile[members[row]], graph.profile[canonicals[row]]
        if members[row] != canonicals[row]:
            member[PARENT] = canonicals[row]
            graph.profile[canonical[LAST_MEMBER], MEMBER] = members[row]
            canonical[LAST_MEMBER] = members[row]
            canonical[MEMBERS] += 1
    for row in range(len(codes)):
        _attach(graph, codes[row], owners[row], times[row])


def replay(messages: Messages, known: int, graph: Graph, limits: Limits) -> Replayed:
    """Process the messages in order; `graph` is changed in place. `known`: profiles present before."""
    widest = int(np.diff(messages.start).max(initial=0))
    scratch = Scratch(np.empty(widest, dtype=np.int32), np.empty(len(limits.limit), dtype=np.int32))
    identifiers, profiles = len(graph.identifier), len(graph.profile)
    stamp = np.full(len(messages.start) - 1, NONE, dtype=np.int32)
    replayed = Replayed(stamp, _log(profiles - known), _log(identifiers), _log(0), _log(0))
    return _replay(messages, known, graph, limits, scratch, replayed)


def _log(rows: int) -> Log:
    return Log(np.zeros(1, dtype=np.int64), np.empty((rows, 4), dtype=np.int32))


@numba.njit(nogil=True, cache=True)
def _replay(
    messages: Messages, known: int, graph: Graph, limits: Limits, scratch: Scratch, replayed: Replayed
) -> Replayed:
    stamp, created, mapped, merges, drops = replayed
    touched = np.empty(_BLOCK, dtype=np.int32)
    for message in range(len(stamp)):
        if message % _BLOCK == 0:
            _look_ahead(messages, graph, message, touched)
        if len(messages.addressee) and messages.addressee[message] != NONE:
            stamp[message] = _root(graph, messages.addressee[message])
            continue
        begin, end = messages.start[message], messages.start[message + 1]
        if begin == end:
            continue
        known_to = _known_to(messages.identifier, begin, end, graph.identifier, graph.profile)
        if known_to != NONE:
            stamp[message] = known_to
            continue
        mentioned = messages.identifier[begin:end]
        now = messages.time[message]
        drops = _with_room(drops, len(mentioned))
        kept, count, unowned = _fit(graph, limits, mentioned, scratch, now, message, drops)
        mentioned, joined = mentioned[:kept], scratch.joined[:count]
        if count == 0:
            profile = known + created.used[0]
            _write(created, message, mentioned[0], profile, 0)
        else:
            profile = _oldest(joined)
        stamp[message] = profile
        if count > 1:
            stamp[message] = _before(graph, mentioned, limits.anonymous)
            moved = _moved(graph, joined, profile)
            merges = _with_room(merges, len(moved))
            for away in moved:
                _write(merges, message, away, profile, 0)
            _merge(graph, joined, profile)
        if unowned:
            _map(graph, limits, mentioned, profile, now, message, mapped, drops)
    return Replayed(stamp, created, mapped, merges, drops)


@numba.njit(nogil=True, cache=True)
def _look_ahead(messages: Messages, graph: Graph, first: int, touched: Integers) -> None:
    """Touch the rows that the next messages need, so that the memory's slow answers come side by side."""
    begin = messages.start[first]
    end = messages.start[min(first + _BLOCK, len(messages.start) - 1)]
    for from_mention in range(begin, end, _BLOCK):
        size = min(_BLOCK, end - from_mention)
        for place in range(size):
            touched[place] = graph.identifier[messages.identifier[from_mention + place], OWNER]
        for place in range(size):
            if touched[place] != NONE:
                touched[place] = graph.profile[touched[place], PARENT]


@numba.njit(nogil=True, cache=True)
def _known_to(
    mentions: Integers,
    begin: int,
    end: int,
    identifiers: npt.NDArray[np.int32],
    profiles: npt.NDArray[np.int32],
) -> int:
    """The profile that holds all the mentions already: most messages change nothing. Else `NONE`."""
    only = NONE
    for mention in range(begin, end):
        profile = identifiers[mentions[mention], OWNER]
        if profile == NONE:
            return NONE
        while profiles[profile, PARENT] != profile:
            profile = profiles[profile, PARENT]
        if only != NONE and only != profile:
            return NONE
        only = profile
    return only


@numba.njit(nogil=True, cache=True)
def _fit(
    graph: Graph, limits: Limits, mentioned: Integers, scratch: Scratch, now: int, message: int, drops: Log
) -> tuple[int, int, int]:
    """Drop the last identifier until the would-be profile keeps the rules.

    Returns how many identifiers are kept, how many profiles they join (in `scratch.joined`), and how many of
    them nobody holds yet. It ends: one identifier alone breaks no rule.
    """
    kept = len(mentioned)
    while True:
        count, unowned = _join(graph, mentioned[:kept], scratch)
        violation = _violation(graph, limits, scratch.joined[:count], unowned, scratch.fresh, now)
        if violation == KEEPS_RULES:
            return kept, count, unowned
        kept -= 1
        _write(drops, message, mentioned[kept], violation, 0)


@numba.njit(nogil=True, cache=True)
def _map(
    graph: Graph,
    limits: Limits,
    mentioned: Integers,
    profile: int,
    now: int,
    message: int,
    mapped: Log,
    drops: Log,
) -> None:
    """Map the identifiers nobody holds to the profile, strongest first, while it may have more."""
    place = 0
    for code in mentioned:
        if graph.identifier[code, OWNER] != NONE:
            continue
        if graph.profile[profile, HELD] >= limits.mappings:
            _write(drops, message, code, MAPPING_CAP, 0)
            continue
        _attach(graph, code, profile, now)
        _write(mapped, message, code, profile, place)
        place += 1


@numba.njit(nogil=True, cache=True)
def roots(graph: Graph, profiles: int) -> Integers:
    """The canonical profile of each of the first so many."""
    canonical = np.empty(profiles, dtype=np.int32)
    for profile in range(profiles):
        canonical[profile] = _root(graph, profile)
    return canonical


@numba.njit(nogil=True, cache=True)
def _root(graph: Graph, profile: int) -> int:
    profiles = graph.profile
    while profiles[profile, PARENT] != profile:
        profiles[profile, PARENT] = profiles[profiles[profile, PARENT], PARENT]
        profile = profiles[profile, PARENT]
    return profile


@numba.njit(nogil=True, cache=True)
def _join(graph: Graph, mentioned: Integers, scratch: Scratch) -> tuple[int, int]:
    """The distinct canonical profiles of the mentions, and per type how many mentions nobody holds yet."""
    joined, fresh = scratch.joined, scratch.fresh
    for number in range(len(fresh)):
        fresh[number] = 0
    count, unowned = 0, 0
    for code in mentioned:
        owner = graph.identifier[code, OWNER]
        if owner == NONE:
            fresh[graph.identifier[code, KIND]] += 1
            unowned += 1
            continue
        profile = _root(graph, owner)
        place = 0
        while place < count and joined[place] != profile:
            place += 1
        if place == count:
            joined[count] = profile
            count += 1
    return count, unowned


@numba.njit(nogil=True, cache=True)
def _oldest(profiles: Integers) -> int:
    oldest = int(profiles[0])
    for profile in profiles:
        oldest = min(oldest, profile)
    return oldest


@numba.njit(nogil=True, cache=True)
def _violation(
    graph: Graph, limits: Limits, joined: Integers, unowned: int, fresh: Integers, now: int
) -> int:
    """The strongest type whose limit the would-be profile breaks, else the merge cap, else `KEEPS_RULES`.

    Only a type whose count the message would raise can be violated: it brings a new value, or joins
    profiles of which more than one hold values of it.
    """
    if unowned == 0 and len(joined) == 1:
        return KEEPS_RULES
    for number in range(len(fresh)):
        horizon = now - limits.window[number]
        if _breaks(graph, joined, number, fresh[number], limits.limit[number], horizon, now):
            return number
    if len(joined) > 1:
        away = len(joined) - 1
        for profile in joined:
            away += graph.profile[profile, MEMBERS]
        if away > limits.merges:
            return MERGE_CAP
    return KEEPS_RULES


@numba.njit(nogil=True, cache=True)
def _breaks(
    graph: Graph, joined: Integers, number: int, new: int, limit: int, horizon: int, now: int
) -> bool:
    """Whether `new` values of a type on top of what the joined profiles hold pass its limit.

    With a window only values got after `horizon` count, later ones than the message included; a horizon of
    `now` means no window.
    """
    holders, total = 0, new
    for profile in joined:
        values = graph.profile[profile, COUNTS + number]
        holders += values > 0
        total += values
    if (new == 0 and holders < 2) or total <= limit:
        return False
    if horizon == now:
        return True
    recent = new
    for profile in joined:
        code = graph.profile[profile, FIRST]
        while code != NONE:
            recent += graph.identifier[code, KIND] == number and graph.mapped_at[code] > horizon
            code = graph.identifier[code, CHAIN]
    return recent > limit


@numba.njit(nogil=True, cache=True)
def _before(graph: Graph, mentioned: Integers, anonymous: int) -> int:
    """The profile that owned the anonymous id before a merge, else the strongest identifier owned."""
    strongest = NONE
    for code in mentioned:
        owner = graph.identifier[code, OWNER]
        if owner != NONE:
            if graph.identifier[code, KIND] == anonymous:
                return _root(graph, owner)
            if strongest == NONE:
                strongest = _root(graph, owner)
    return strongest


@numba.njit(nogil=True, cache=True)
def _moved(graph: Graph, joined: Integers, survivor: int) -> Integers:
    """Every profile a merge moves, oldest first: the joined ones and all merged into them."""
    count = 0
    for profile in joined:
        if profile != survivor:
            count += 1 + graph.profile[profile, MEMBERS]
    moved = np.empty(count, dtype=np.int32)
    place = 0
    for profile in joined:
        away = profile if profile != survivor else NONE
        while away != NONE:
            moved[place] = away
            place += 1
            away = graph.profile[away, MEMBER]
    moved.sort()
    return moved


@numba.njit(nogil=True, cache=True)
def _merge(graph: Graph, joined: Integers, profile: int) -> None:
    """Hand everything the other joined profiles have to the survivor; every identifier keeps its time."""
    survivor = graph.profile[profile]
    for number in joined:
        if number == profile:
            continue
        other = graph.profile[number]
        other[PARENT] = profile
        graph.profile[survivor[LAST_MEMBER], MEMBER] = number
        survivor[LAST_MEMBER] = other[LAST_MEMBER]
        survivor[MEMBERS] += 1 + other[MEMBERS]
        if survivor[FIRST] == NONE:
            survivor[FIRST] = other[FIRST]
        elif other[FIRST] != NONE:
            graph.identifier[survivor[LAST], CHAIN] = other[FIRST]
        if other[FIRST] != NONE:
            survivor[LAST] = other[LAST]
        survivor[HELD] += other[HELD]
        for count in range(COUNTS, len(survivor)):
            survivor[count] += other[count]


@numba.njit(nogil=True, cache=True)
def _attach(graph: Graph, code: int, profile: int, time: int) -> None:
    """Map an identifier to a canonical profile; one of an undeclared type counts as a mapping only."""
    identifier, owner = graph.identifier[code], graph.profile[profile]
    identifier[OWNER] = profile
    identifier[CHAIN] = NONE
    graph.mapped_at[code] = time
    if owner[FIRST] == NONE:
        owner[FIRST] = code
    else:
        graph.identifier[owner[LAST], CHAIN] = code
    owner[LAST] = code
    owner[HELD] += 1
    if identifier[KIND] != NONE:
        owner[COUNTS + identifier[KIND]] += 1


@numba.njit(nogil=True, cache=True)
def _write(log: Log, message: int, first: int, second: int, third: int) -> None:
    row = log.rows[log.used[0]]
    row[0], row[1], row[2], row[3] = message, first, second, third
    log.used[0] += 1


@numba.njit(nogil=True, cache=True)
def _with_room(log: Log, rows: int) -> Log:
    """The log, with room for so many more rows."""
    used = log.used[0]
    if used + rows <= len(log.rows):
        return log
    wider = np.empty((2 * (used + rows) + 1024, 4), dtype=np.int32)
    for row in range(used):  # loops, not slices: they compile in a fraction of the time
        for field in range(4):
            wider[row, field] = log.rows[row, field]
    return Log(log.used, wider)
