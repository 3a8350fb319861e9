"""How the identifiers of a profile came together: the links between them, and the shortest chain of links.

A link is a set of identifiers that one message or several carried and that resolution kept: whatever was
demoted, blocked or capped on a message links nothing through it. All identifiers of a link are on one profile
from its first message on, and no two identifiers come together otherwise, so links alone tell why.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Link:
    """Identifiers (codes, ascending, two at least) that `messages` messages carried together.

    `first`: batch and ordinal of the earliest of them.
    """

    codes: tuple[int, ...]
    messages: int
    first: tuple[int, int]


def joined_at(links: Sequence[Link], a: int, b: int) -> int | None:
    """The place of the link whose first message brought `a` and `b` together; None if none does.

    `links`: those of a profile, in the order of their first messages.
    """
    parent: dict[int, int] = {}

    def root(code: int) -> int:
        while parent.setdefault(code, code) != code:
            parent[code] = parent[parent[code]]
            code = parent[code]
        return code

    for place, link in enumerate(links):
        for code in link.codes:
            parent[root(code)] = root(link.codes[0])
        if root(a) == root(b):
            return place
    return None


def chain(links: Sequence[Link], a: int, b: int) -> list[int] | None:
    """The places of the fewest links that lead from `a` to `b`; None if none do.

    Each shares an identifier with the next. Of several such chains the one whose first link is earliest
    counts, then the one whose second link is, and so on.
    """
    holding: dict[int, list[int]] = {}
    for place, link in enumerate(links):
        for code in link.codes:
            holding.setdefault(code, []).append(place)
    away = _distances(links, holding, b)
    if a not in away:
        return None
    found: list[int] = []
    here: Iterable[int] = (a,)
    for distance in range(away[a], 0, -1):
        found.append(
            min(
                place
                for code in here
                for place in holding[code]
                if any(away[other] == distance - 1 for other in links[place].codes)
            )
        )
        here = [code for code in links[found[-1]].codes if away[code] == distance - 1]
    return found


def _distances(links: Sequence[Link], holding: dict[int, list[int]], start: int) -> dict[int, int]:
    """How many links each identifier is away from `start`, as far as they lead."""
    away = {start: 0}
    followed: set[int] = set()
    frontier = [start]
    while frontier:
        reached = []
        for code in frontier:
            for place in holding.get(code, ()):
                if place not in followed:
                    followed.add(place)
                    reached += [other for other in links[place].codes if other not in away]
                    away |= {other: away[code] + 1 for other in links[place].codes if other not in away}
        frontier = reached
    return away
