"""The limits of a profile as numbers, and which of them a would-be profile breaks.

Source: design section 5 (steps 2 and 3), spec identity-resolution.md sections 4 and 5.1.
"""

from __future__ import annotations

from typing import NamedTuple

import numba

from pipelines.identity.graph import CHAIN, COUNTS, FIRST, KIND, MEMBERS, NONE, Graph, Integers, Longs

KEEPS_RULES = -2
"""Nothing is violated. Otherwise a violation is a type's number or one of the next two."""
MERGE_CAP = -1
MAPPING_CAP = -3


class Limits(NamedTuple):
    """The rules as numbers. Per type, strongest first: `limit` and `window` in µs (0: ever)."""

    limit: Integers
    window: Longs
    anonymous: int
    """Number of the type `anonymous_id`, `NONE` if it is not declared."""
    merges: int
    mappings: int


@numba.njit(nogil=True, cache=True)
def violation(
    graph: Graph, limits: Limits, joined: Integers, count: int, new: int, fresh: Integers, now: int
) -> int:
    """The strongest type whose limit the would-be profile breaks, else the merge cap, else `KEEPS_RULES`.

    Only a type whose count the message would raise can be violated: it brings a new value, or joins
    profiles of which more than one hold values of it.
    """
    if new == 0 and count == 1:
        return KEEPS_RULES
    for number in range(len(fresh)):
        horizon = now - limits.window[number]
        if _breaks(graph, joined, count, number, fresh[number], limits.limit[number], horizon, now):
            return number
    if count > 1:
        away = count - 1
        for place in range(count):
            away += graph.profile[joined[place], MEMBERS]
        if away > limits.merges:
            return MERGE_CAP
    return KEEPS_RULES


@numba.njit(nogil=True, cache=True)
def _breaks(
    graph: Graph, joined: Integers, count: int, number: int, new: int, limit: int, horizon: int, now: int
) -> bool:
    """Whether `new` values of a type on top of what the joined profiles hold pass its limit.

    With a window only values got after `horizon` count, later ones than the message included; a horizon of
    `now` means no window.
    """
    holders, total = 0, new
    for place in range(count):
        values = graph.profile[joined[place], COUNTS + number]
        holders += values > 0
        total += values
    if (new == 0 and holders < 2) or total <= limit:
        return False
    if horizon == now:
        return True
    recent = new
    for place in range(count):
        code = graph.profile[joined[place], FIRST]
        while code != NONE:
            recent += graph.identifier[code, KIND] == number and graph.mapped_at[code] > horizon
            code = graph.identifier[code, CHAIN]
    return recent > limit
