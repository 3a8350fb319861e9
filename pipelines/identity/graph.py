"""The graph that the replay works on: rows of integers, one an identifier, one a profile.

Everything is an index: an identifier is its code, a profile its age (known ones first, then those created
here), so the lesser profile is the older. State is kept as rows, not as many columns: what a message needs
of a profile or an identifier lies together in memory.

The small functions are inlined: a call in a compiled loop would count references to every array it is given.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]
Rows = npt.NDArray[np.int32]
"""Two dimensions: rows of fields."""

NONE = -1
"""No profile, no identifier, no message, the end of a chain."""

# Fields of an identifier. The last three are of the message that mapped it here, `NONE` if none did.
KIND = 0  # number of its type; NONE for a type that is no longer declared
OWNER = 1  # profile it was mapped to, NONE if it is not; follow it with `root`
CHAIN = 2  # next identifier of the same profile
MESSAGE = 3
FIRST_OWNER = 4
PLACE = 5  # among the identifiers mapped by that message, strongest first
IDENTIFIER_FIELDS = 6

# Fields of a profile. From `COUNTS` on: how many identifiers it holds, per type.
PARENT = 0  # the profile this one was merged into, or itself
FIRST = 1  # ends of its chain of identifiers
LAST = 2
HELD = 3  # identifiers held, of whatever type
MEMBER = 4  # next in the chain of profiles merged away into the same one; a canonical one starts its own
LAST_MEMBER = 5
MEMBERS = 6  # how many profiles were merged away into this one
COUNTS = 7


class Graph(NamedTuple):
    """The state of the replay: a row an identifier, a row a profile (fields above)."""

    identifier: Rows
    mapped_at: Longs
    """Per identifier: time of its mapping, µs."""
    profile: Rows


def empty_graph(kinds: Integers, profiles: int, types: int) -> Graph:
    """Identifiers of these kinds, none of them mapped, and room for so many profiles, none there yet."""
    identifier = np.full((len(kinds), IDENTIFIER_FIELDS), NONE, dtype=np.int32)
    identifier[:, KIND] = kinds
    # Room that is never used costs no memory: a profile's row is written when it is created.
    return Graph(
        identifier, np.zeros(len(kinds), dtype=np.int64), np.zeros((profiles, COUNTS + types), dtype=np.int32)
    )


@numba.njit(nogil=True, cache=True)
def seed(
    graph: Graph, members: Integers, canonicals: Integers, codes: Integers, owners: Integers, times: Longs
) -> None:
    """Enter what is known: profiles merged away (oldest first), and what canonical profiles hold."""
    for row in range(len(members)):
        create(graph.profile, members[row])
    for row in range(len(members)):
        member, canonical = graph.profile[members[row]], graph.profile[canonicals[row]]
        if members[row] != canonicals[row]:
            member[PARENT] = canonicals[row]
            graph.profile[canonical[LAST_MEMBER], MEMBER] = members[row]
            canonical[LAST_MEMBER] = members[row]
            canonical[MEMBERS] += 1
    for row in range(len(codes)):
        attach(graph.identifier, graph.profile, codes[row], owners[row])
        graph.mapped_at[codes[row]] = times[row]


@numba.njit(nogil=True, cache=True)
def roots(graph: Graph, profiles: int) -> Integers:
    """The canonical profile of each of the first so many."""
    canonical = np.empty(profiles, dtype=np.int32)
    for profile in range(profiles):
        canonical[profile] = root(graph.profile, profile)
    return canonical


@numba.njit(nogil=True, cache=True, inline="always")
def create(profiles: Rows, profile: int) -> None:
    """A profile that holds nothing; its row is still all 0."""
    profiles[profile, PARENT] = profile
    profiles[profile, LAST_MEMBER] = profile
    profiles[profile, FIRST] = NONE
    profiles[profile, LAST] = NONE
    profiles[profile, MEMBER] = NONE


@numba.njit(nogil=True, cache=True, inline="always")
def root(profiles: Rows, profile: int) -> int:
    """The canonical profile; paths are halved on the way."""
    while profiles[profile, PARENT] != profile:
        profiles[profile, PARENT] = profiles[profiles[profile, PARENT], PARENT]
        profile = profiles[profile, PARENT]
    return profile


@numba.njit(nogil=True, cache=True, inline="always")
def attach(identifiers: Rows, profiles: Rows, code: int, profile: int) -> None:
    """Map an identifier to a canonical profile; one of an undeclared type counts as a mapping only."""
    identifiers[code, OWNER] = profile
    identifiers[code, CHAIN] = NONE
    if profiles[profile, FIRST] == NONE:
        profiles[profile, FIRST] = code
    else:
        identifiers[profiles[profile, LAST], CHAIN] = code
    profiles[profile, LAST] = code
    profiles[profile, HELD] += 1
    if identifiers[code, KIND] != NONE:
        profiles[profile, COUNTS + identifiers[code, KIND]] += 1


@numba.njit(nogil=True, cache=True)
def merge(identifiers: Rows, profiles: Rows, other: int, survivor: int) -> None:
    """Hand everything a canonical profile has to the survivor; every identifier keeps its time."""
    profiles[other, PARENT] = survivor
    profiles[profiles[survivor, LAST_MEMBER], MEMBER] = other
    profiles[survivor, LAST_MEMBER] = profiles[other, LAST_MEMBER]
    profiles[survivor, MEMBERS] += 1 + profiles[other, MEMBERS]
    if profiles[other, FIRST] != NONE:
        if profiles[survivor, FIRST] == NONE:
            profiles[survivor, FIRST] = profiles[other, FIRST]
        else:
            identifiers[profiles[survivor, LAST], CHAIN] = profiles[other, FIRST]
        profiles[survivor, LAST] = profiles[other, LAST]
    profiles[survivor, HELD] += profiles[other, HELD]
    for count in range(COUNTS, profiles.shape[1]):
        profiles[survivor, count] += profiles[other, count]
