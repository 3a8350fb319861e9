"""Where a profile would come apart: the fewest messages, or the one identifier, that hold its parts together.

The graph has a node for each identifier and one for each link (see `links`), and an edge where a link carries
an identifier. What is cut is messages: a link counts as many as said it. Demotions stay as they were: nothing
is resolved anew.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

import rustworkx as rx

from pipelines.identity.links import Link

_GRAPH_LIKE = 3
"""Links of so many identifiers are cut as a graph's edges are."""
_PAIRED = 8
"""Links of more identifiers than this are not taken apart into pairs, of which there would be many."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A way to split a profile: without the `messages` of `links` the identifiers `part` stand apart."""

    messages: int
    links: tuple[int, ...]
    part: frozenset[int]


@dataclass(frozen=True, slots=True)
class Parts:
    """How many identifiers the two largest parts have that a node's removal leaves behind."""

    largest: int
    second: int


def weakest(size: int, links: Sequence[Link]) -> Cut | None:
    """The fewest messages whose removal splits a profile of `size` identifiers; None if it has only one.

    Of several single messages it is the one that leaves the parts most equal, then the earliest. Of several
    groups of more messages it is any, but always the same one.
    """
    if size < 2:
        return None
    graph = _graph(size, links)
    if len(rx.connected_components(graph)) > 1:
        return Cut(0, (), _but_the_largest(graph, size))
    alone = single(size, links)
    if alone:
        place = alone[0][0]
        graph.remove_node(size + place)
        return Cut(1, (place,), _but_the_largest(graph, size))
    messages, part = _fewest(size, links)
    if 2 * len(part) > size or (2 * len(part) == size and 0 in part):
        part = frozenset(range(size)) - part
    cut = [
        place for place, link in enumerate(links) if 0 < len(part.intersection(link.codes)) < len(link.codes)
    ]
    return Cut(messages, tuple(cut), part)


def single(size: int, links: Sequence[Link]) -> list[tuple[int, int]]:
    """The links of one message without which a profile falls apart, and how many identifiers each cuts off.

    Most first, then the earliest.
    """
    parts = split_at(size, links)[size:]
    found = [
        (place, size - part.largest)
        for place, (part, link) in enumerate(zip(parts, links, strict=True))
        if link.messages == 1 and part.second
    ]
    return sorted(found, key=lambda one: (-one[1], one[0]))


def split_at(size: int, links: Sequence[Link]) -> list[Parts]:
    """What the removal of each node alone leaves of the graph around it: identifiers first, then links.

    The graph may be that of many profiles.
    """
    blocks, nodes = _blocks(size, links)
    parts = [Parts(0, 0)] * (size + len(links))
    seen = [False] * len(nodes)
    for start in range(len(nodes)):
        if not seen[start]:
            _split_tree(start, blocks, nodes, size, seen, parts)
    return parts


def _graph(size: int, links: Sequence[Link]) -> rx.PyGraph[None, None]:
    graph: rx.PyGraph[None, None] = rx.PyGraph(multigraph=False)
    graph.add_nodes_from([None] * (size + len(links)))
    graph.add_edges_from_no_data(
        [(code, size + place) for place, link in enumerate(links) for code in link.codes]
    )
    return graph


def _but_the_largest(graph: rx.PyGraph[None, None], size: int) -> frozenset[int]:
    """The identifiers of all parts but the largest; among equals that with the oldest identifier stays."""
    parts = [[node for node in part if node < size] for part in rx.connected_components(graph)]
    parts = sorted((part for part in parts if part), key=lambda part: (-len(part), min(part)))
    return frozenset(code for part in parts[1:] for code in part)


def _blocks(size: int, links: Sequence[Link]) -> tuple[list[list[int]], list[list[int]]]:
    """The graph as trees of blocks, which no single node splits: each node's blocks, each block's nodes."""
    blocks: list[list[int]] = [[] for _ in range(size + len(links))]
    nodes: list[list[int]] = []
    number: dict[int, int] = {}
    inside: set[tuple[int, int]] = set()
    for edge, label in sorted(rx.biconnected_components(_graph(size, links)).items()):
        if label not in number:
            number[label] = len(nodes)
            nodes.append([])
        block = number[label]
        for node in edge:
            if (node, block) not in inside:
                inside.add((node, block))
                blocks[node].append(block)
                nodes[block].append(node)
    return blocks, nodes


def _split_tree(
    start: int,
    blocks: list[list[int]],
    nodes: list[list[int]],
    size: int,
    seen: list[bool],
    parts: list[Parts],
) -> None:
    """Fill in the parts of every node that hangs together with the block `start`."""
    order, above = [start], {start: -1}
    for block in order:  # grows as it goes
        seen[block] = True
        for node in nodes[block]:
            if node != above[block]:
                for below in blocks[node]:
                    if below != block:
                        above[below] = node
                        order.append(below)
    held: dict[int, int] = {}
    for block in reversed(order):
        held[block] = sum(
            (node < size) + sum(held[below] for below in blocks[node] if below != block)
            for node in nodes[block]
            if node != above[block]
        )
    for block in order:
        for node in nodes[block]:
            if node != above[block]:
                apart = [held[below] for below in blocks[node] if below != block]
                rest = held[start] - (node < size) - sum(apart)
                parts[node] = Parts(*sorted((0, rest, *apart), reverse=True)[:2])


def _fewest(size: int, links: Sequence[Link]) -> tuple[int, frozenset[int]]:
    """The least weight of links between a part of the identifiers and the rest, and that part.

    Identifiers that no lighter cut than the best so far can separate are taken for one. When there are no
    more, and no link has more than three ends, a graph's minimum cut is it. Else two more are taken for one,
    found by an ordering in which each next identifier is the one tied most to all before it: the last one's
    own links are a lightest cut between it and the one before it (Klimmek and Wagner, 1996).
    """
    members = {code: frozenset((code,)) for code in range(size)}
    weights: dict[frozenset[int], int] = {}
    for link in links:
        codes = frozenset(link.codes)
        weights[codes] = weights.get(codes, 0) + link.messages
    best = (sum(weights.values()) + 1, frozenset[int]())
    while len(members) > 1:
        tied = dict.fromkeys(members, 0)
        for codes, weight in weights.items():
            for code in codes:
                tied[code] += weight
        least = min(members, key=lambda code: (tied[code], code))
        best = min(best, (tied[least], members[least]), key=lambda cut: cut[0])
        together = _inseparable(weights, best[0])
        if not together:
            if max(map(len, weights)) <= _GRAPH_LIKE:
                return min(best, _graph_cut(members, weights), key=lambda cut: cut[0])
            together = [_last_two(members, weights)]
        members, weights = _contracted(members, weights, together)
    return best


def _graph_cut(
    members: dict[int, frozenset[int]], weights: dict[frozenset[int], int]
) -> tuple[int, frozenset[int]]:
    """The minimum cut, with a link of three as three edges: whichever way it is cut, two of them are."""
    edges: dict[tuple[int, int], int] = {}
    for codes, weight in weights.items():
        for pair in combinations(sorted(codes), 2):
            edges[pair] = edges.get(pair, 0) + (2 * weight if len(codes) == 2 else weight)
    number = {code: place for place, code in enumerate(members)}
    graph: rx.PyGraph[int, int] = rx.PyGraph(multigraph=False)
    graph.add_nodes_from(list(members))
    graph.add_edges_from([(number[one], number[other], weight) for (one, other), weight in edges.items()])
    cut = rx.stoer_wagner_min_cut(graph, float)
    if cut is None:
        raise ValueError("a graph of one node has no cut")
    value, part = cut
    return int(value) // 2, frozenset[int]().union(*(members[graph[node]] for node in part))


def _inseparable(weights: dict[frozenset[int], int], bound: int) -> list[Iterable[int]]:
    """Identifiers that links of `bound` messages or more tie together directly."""
    pairs: dict[tuple[int, int], int] = {}
    for codes, weight in weights.items():
        if len(codes) <= _PAIRED:
            for pair in combinations(sorted(codes), 2):
                pairs[pair] = pairs.get(pair, 0) + weight
    heavy: list[Iterable[int]] = [codes for codes, weight in weights.items() if weight >= bound]
    return heavy + [pair for pair, weight in pairs.items() if weight >= bound]


def _last_two(members: dict[int, frozenset[int]], weights: dict[frozenset[int], int]) -> tuple[int, int]:
    """The last two of the ordering by how much each is tied to all before it."""
    holding: dict[int, list[frozenset[int]]] = {code: [] for code in members}
    for codes in weights:
        for code in codes:
            holding[code].append(codes)
    tied = dict.fromkeys(members, 0)
    waiting = [(0, code) for code in sorted(members)]
    placed: list[int] = []
    reached: set[frozenset[int]] = set()
    while waiting:
        strength, code = heapq.heappop(waiting)
        if code not in tied or -strength != tied[code]:
            continue  # placed already, or tied more closely since
        placed.append(code)
        del tied[code]
        for codes in holding[code]:
            if codes not in reached:
                reached.add(codes)
                for other in codes:
                    if other in tied:
                        tied[other] += weights[codes]
                        heapq.heappush(waiting, (-tied[other], other))
    return placed[-2], placed[-1]


def _contracted(
    members: dict[int, frozenset[int]], weights: dict[frozenset[int], int], together: Iterable[Iterable[int]]
) -> tuple[dict[int, frozenset[int]], dict[frozenset[int], int]]:
    """The same with every group of `together` taken for its least identifier."""
    parent = {code: code for code in members}

    def root(code: int) -> int:
        while parent[code] != code:
            parent[code] = parent[parent[code]]
            code = parent[code]
        return code

    for group in together:
        roots = sorted({root(code) for code in group})
        for other in roots[1:]:
            parent[other] = roots[0]
    gathered: dict[int, frozenset[int]] = {}
    for code, held in members.items():
        gathered[root(code)] = gathered.get(root(code), frozenset()) | held
    kept: dict[frozenset[int], int] = {}
    for codes, weight in weights.items():
        left = frozenset(root(code) for code in codes)
        if len(left) > 1:
            kept[left] = kept.get(left, 0) + weight
    return gathered, kept
