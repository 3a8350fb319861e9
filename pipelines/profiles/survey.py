"""Look over a piece of a batch: which collections of messages are in it, and which paths and kinds they hold.

A collection is what shares tables, columns and the reading of its values: the messages of one type (and of
one track event), from CSV or not, resolved or not.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from pipelines.naming import bounded, snake, table_name
from pipelines.profiles.leaves import Texts, discover, texts
from pipelines.profiles.trie import Ints, Longs, Trie, key, new_trie
from pipelines.types import Kind

Path = tuple[str, ...]

TABLE_OF = {
    "identify": "identifies",
    "page": "pages",
    "screen": "screens",
    "group": "groups",
    "alias": "aliases",
}
"""The event table of each call but track, whose messages have one table an event."""

SURVEYED = ("type", "event", "input", "times", "traits", "properties", "context")
"""Columns of a message set that a survey reads, beside the stamp of `owners.stamped`."""

_WITH_TRAITS = ("identify", "group", "alias")


class Collection(NamedTuple):
    """Messages that are read alike and land in one table."""

    table: str
    event: str | None
    """Name of the track event as sent; None for other calls."""
    plain: bool
    """Whether strings stay text whatever they look like (CSV cells)."""
    resolved: bool
    times: tuple[str, ...] = ()
    """Traits of `plain` messages whose strings are times all the same: the input's `types:` say so."""

    @property
    def slug(self) -> str | None:
        """The event in snake case, as in the column `event`; its table is called so, or with `_` in front."""
        return None if self.event is None else bounded(snake(self.event))


class Leaf(NamedTuple):
    """A path of a collection that was met with values."""

    node: int
    collection: int
    in_context: bool
    path: Path
    kinds: int


class Census(NamedTuple):
    """Which collection each message of a piece is of: `order` puts them in the order of their collections."""

    collections: tuple[Collection, ...]
    """Those of track calls last; those of one table side by side."""
    code: Ints
    """Per message, the number of its collection."""
    order: Longs
    bounds: Longs
    """Collection c is `order[bounds[c]:bounds[c + 1]]`."""


class Survey(NamedTuple):
    """What is kept of a piece between the two passes over a batch: small, but for 12 bytes a message."""

    census: Census
    trie: Trie
    """Under the roots 2c (traits or properties) and 2c + 1 (context) of collection c."""

    @property
    def collections(self) -> tuple[Collection, ...]:
        """Those of the census."""
        return self.census.collections

    @property
    def plain(self) -> npt.NDArray[np.bool_]:
        """Per root: whether strings stay text."""
        return np.repeat(np.array([one.plain for one in self.collections], dtype=np.bool_), 2)

    def roots(self, part: int) -> Ints:
        """Per message: its root for the body (part 0) or the context (part 1)."""
        return 2 * self.census.code + np.int32(part)


class Bodies(NamedTuple):
    """The two JSON columns of a piece: traits or properties, whichever the call has, and context."""

    body: Texts
    context: Texts


def take_census(piece: pl.DataFrame) -> Census:
    """The collections of a piece: columns `type`, `event`, `input`, `times`, `segment_id`."""
    keys = piece.select(
        pl.col("type").cast(pl.Categorical).to_physical().alias("type"),
        pl.when(pl.col("type") == "track").then("event").cast(pl.Categorical).to_physical().alias("event"),
        (pl.col("input") == "profiles").cast(pl.Int64).alias("plain"),
        pl.col("times").cast(pl.Categorical).to_physical().alias("times"),
        pl.col("segment_id").is_not_null().cast(pl.Int64).alias("resolved"),
    ).select(
        (((pl.col("event").cast(pl.Int64) + 1).fill_null(0) * 2**8 + pl.col("type")) * 2**14)
        + 4 * (pl.col("times").cast(pl.Int64) + 1).fill_null(0)
        + 2 * pl.col("plain")
        + pl.col("resolved")
    )
    _, example, code = np.unique(keys.to_series().to_numpy(), return_index=True, return_inverse=True)
    rows = piece[example].select(
        "type", "event", pl.col("input") == "profiles", pl.col("segment_id").is_not_null(), "times"
    )
    found = [_collection(*row) for row in rows.iter_rows()]
    ranked = sorted(range(len(found)), key=lambda place: _rank(found[place]))
    rank = np.empty(len(found), dtype=np.int32)
    rank[ranked] = np.arange(len(found), dtype=np.int32)
    ranks = rank[code]
    # numpy sorts 16 bits by digits, which is quicker than comparing.
    order = np.argsort(ranks.astype(np.int16) if len(found) < 2**15 else ranks, kind="stable")
    bounds = np.searchsorted(ranks[order], np.arange(len(found) + 1)).astype(np.int64)
    return Census(tuple(found[place] for place in ranked), ranks, order, bounds)


def _collection(type_: str, event: str | None, plain: bool, resolved: bool, times: str | None) -> Collection:
    told = tuple(json.loads(times)) if times else ()
    if type_ == "track":
        return Collection(table_name(event or ""), event or "", plain, resolved, told)
    return Collection(TABLE_OF[type_], None, plain, resolved, told)


def _rank(one: Collection) -> tuple[bool, bytes, bytes, bool, bool, tuple[str, ...]]:
    names = one.table.encode(), (one.event or "").encode()
    return one.event is not None, *names, one.plain, one.resolved, one.times


def bodies(piece: pl.DataFrame) -> Bodies:
    """The JSON texts of a piece: columns `type`, `traits`, `properties`, `context`."""
    body = piece.select(
        pl.when(pl.col("type").is_in(_WITH_TRAITS)).then("traits").otherwise("properties").alias("body")
    )
    return Bodies(texts(body["body"]), texts(piece["context"]))


def survey(census: Census, json_texts: Bodies) -> Survey:
    """Paths and kinds of a piece."""
    found = Survey(census, new_trie(2 * len(census.collections)))
    trie = discover(json_texts.body, found.roots(0), found.plain, found.trie)
    trie = discover(json_texts.context, found.roots(1), found.plain, trie)
    for place, collection in enumerate(found.collections):
        if collection.times:
            _mark_times(trie, 2 * place, collection.times)
    return found._replace(trie=trie)


def _mark_times(trie: Trie, root: int, times: tuple[str, ...]) -> None:
    """What was taken for text below `root` are times where they have one of these names."""
    for node in map(int, np.flatnonzero(trie.parent[: trie.size[0]] == root)):
        if trie.kinds[node] & Kind.TEXT and _name(trie, node) in times:
            trie.kinds[node] ^= Kind.TEXT | Kind.TIMESTAMP


def _name(trie: Trie, node: int) -> str:
    """The key of a node as it is meant, without escapes."""
    name: str = json.loads(b'"' + key(trie, node) + b'"', strict=False)
    return name


def leaves(found: Survey) -> Iterator[Leaf]:
    """The paths of a survey that hold values, nulls included."""
    trie = found.trie
    roots = 2 * len(found.collections)
    paths: list[Path] = [()] * roots
    root = list(range(roots))
    for node in range(roots, int(trie.size[0])):
        parent = int(trie.parent[node])
        paths.append((*paths[parent], _name(trie, node)))
        root.append(root[parent])
        if trie.kinds[node]:
            collection, in_context = divmod(root[node], 2)
            yield Leaf(node, collection, bool(in_context), paths[node], int(trie.kinds[node]))


def has_values(kinds: int) -> bool:
    """Whether more than nulls was met."""
    return bool(kinds & ~Kind.NULL)
