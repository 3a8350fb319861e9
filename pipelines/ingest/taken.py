"""Of a judged block the records that are taken: their rows and ids, and the part of a message set they make.

A judged block is what `messages.judge` selects, in any order.
"""

from __future__ import annotations

import json

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.ids import message_hashes
from pipelines.ingest import messages
from pipelines.ingest.notes import Columns
from pipelines.rules import Rules
from pipelines.space import Input

Longs = npt.NDArray[np.int64]

REPEATING = (
    "file",
    "input",
    "type",
    "event",
    "name",
    "category",
    "source_id",
    "source_name",
    "source_slug",
    "times",
)
"""Columns of a message set with few values, which are worth a dictionary."""


def taken(judged: pa.Table) -> pa.Table:
    """The records that are neither rejected nor filtered."""
    kept = pc.and_not(judged["verdict"].is_null(), judged["filtered"])
    return judged if pc.all(kept, min_count=0).as_py() else judged.filter(kept)


def places(records: pa.Table, size: int, base: int) -> Longs:
    """The row of each record in the batch: from `base` on, in the order of `seq`, of a block of `size`."""
    seq: Longs = records["seq"].to_numpy()
    if len(seq) == size:
        return base + seq
    there = np.zeros(size, np.int64)
    there[seq] = 1
    rank: Longs = np.cumsum(there)[seq]
    return rank + (base - 1)


def named(records: pa.Table, names: pa.Table) -> pa.Table:
    """The records with the ids that those without one are given: `names` (seq, message_id), by `seq`."""
    ids = records["message_id"].combine_chunks()
    missing = ids.is_null()
    wanted = records["seq"].combine_chunks().filter(missing).to_numpy()
    given = names["message_id"].take(pa.array(np.searchsorted(names["seq"].to_numpy(), wanted)))
    filled = pc.replace_with_mask(ids, missing, given.cast(pa.string()).combine_chunks())
    return records.set_column(records.column_names.index("message_id"), "message_id", filled)


def noted(records: pa.Table, source: Input) -> Columns:
    """What load notes of the records."""
    return Columns(
        message_hashes(records["message_id"]),
        records["timestamp"].cast(pa.int64()).to_numpy(),
        records["file"].to_numpy(),
        records["repaired"].to_numpy(),
        np.full(len(records), source.kind == "profiles"),
    )


def part(records: pa.Table, rows: Longs, source: Input, rules: Rules) -> pa.Table:
    """The records as a part of a message set."""
    constants = {
        "input": source.kind,
        "source_id": source.source_id,
        "source_name": source.source_name,
        "source_slug": source.source_slug,
    }
    if source.times:
        constants["times"] = json.dumps(source.times, ensure_ascii=False)
    columns: dict[str, pa.Array | pa.ChunkedArray] = {"row": pa.array(rows)}
    columns |= {name: _constant(value, len(records)) for name, value in constants.items()}
    for name in {"times", "addressee"} - constants.keys():
        columns[name] = pa.nulls(len(records), pa.string())
    names = messages.columns(rules)
    return pa.table({name: columns[name] if name in columns else records[name] for name in names})


def _constant(value: str, count: int) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(np.zeros(count, np.int32), pa.array([value], pa.string()))
