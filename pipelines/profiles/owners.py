"""Stamp messages with the profiles they resolved to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

Longs = npt.NDArray[np.int64]
Ints = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Owners:
    """Who owns the messages of a batch, by their `row` in the message set."""

    ordinal: Ints
    """Per row: its place in processing order; -1 for a row that is not kept (a duplicate)."""
    place: Ints
    """Per row: the place of its profile in the columns below; -1 if it resolved to none."""
    profile: Longs
    canonical: Longs
    segment_id: pl.Series


def owners(rows: int, kept: pl.DataFrame, profiles: pl.DataFrame) -> Owners:
    """Index `kept` (row, ordinal, profile) and `profiles` (profile, canonical, segment_id) by row.

    `rows` is the number of rows in the message set.
    """
    at = kept["row"].to_numpy()
    ordinal = np.full(rows, -1, dtype=np.int32)
    ordinal[at] = kept["ordinal"].to_numpy()
    numbers = profiles["profile"].to_numpy()
    index = np.full(int(numbers.max(initial=-1)) + 2, -1, dtype=np.int32)
    index[numbers] = np.arange(len(numbers), dtype=np.int32)
    place = np.full(rows, -1, dtype=np.int32)
    # Profile -1 stands for none: the last cell of `index`, which is -1 too.
    place[at] = index[kept["profile"].fill_null(-1).to_numpy()]
    return Owners(ordinal, place, numbers, profiles["canonical"].to_numpy(), profiles["segment_id"])


def stamped(piece: pl.DataFrame, owned: Owners) -> pl.DataFrame:
    """The kept messages of a piece (column `row`), with `ordinal`, `place` (-1: none) and `segment_id`."""
    row = piece["row"].to_numpy()
    place = pl.Series("place", owned.place[row])
    marked = piece.with_columns(
        pl.Series("ordinal", owned.ordinal[row]),
        place,
        owned.segment_id.gather(place.replace(-1, None)).alias("segment_id"),
    )
    return marked if (owned.ordinal[row] >= 0).all() else marked.filter(pl.col("ordinal") >= 0)
