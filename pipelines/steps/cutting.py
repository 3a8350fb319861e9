"""A batch too large for memory: cut by connected component, replayed part by part, put together at the end.

Profiles are numbered in the order of their creation over all parts. So a part's new profiles keep a number
of their own until the last part is done; what the parts found waits in files meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.config import Space
from pipelines.identity.components import Components, components
from pipelines.identity.graph import Integers, Longs
from pipelines.steps.replayed import Outcome, replayed, users
from pipelines.steps.setcolumns import Order, identifier_columns, most_values, stream
from pipelines.steps.touched import addressees, next_profile
from pipelines.store.ledger import Batch, Count
from pipelines.store.sets import set_files
from pipelines.store.store import MEMORY_SHARE, Store, memory_budget

MESSAGE_BYTES = 64
"""Memory a message takes while its batch is replayed, about."""
IDENTIFIER_BYTES = 220
"""Memory a distinct identifier takes, its text of 24 characters included."""
_MOST_PARTS = 256

_NUMBERS = ("profile", "first_profile", "canonical")
"""Columns that hold the number of a profile."""


def replay_budget(space: Space) -> int:
    """What the space's memory leaves for a replay beside DuckDB."""
    return int(memory_budget(space) * (1 - MEMORY_SHARE))


def cut(store: Store, batch: Batch, places: Order, budget: int) -> list[Integers]:
    """The messages of the batch in parts that fit the budget each, as ordinals; mostly all in one.

    A component is never cut: one that is larger than the budget takes what it takes.
    """
    messages = len(places.row)
    whole = [np.arange(messages, dtype=np.int32)]
    files = set_files(store, batch.message_set)
    rules = users(batch.rules)
    if _size(messages, most_values(files, rules)) <= budget:
        return whole
    found = components(stream(files, places, identifier_columns(rules)), messages, rules)
    count = min(_MOST_PARTS, -(-_size(messages, len(found)) // max(1, budget)))
    if count <= 1:
        return whole
    _join_known(store, batch, files, places, found)
    return list(found.parts(count)) or whole


def _size(messages: int, identifiers: int) -> int:
    return messages * MESSAGE_BYTES + identifiers * IDENTIFIER_BYTES


def _join_known(store: Store, batch: Batch, files: list[str], places: Order, found: Components) -> None:
    """Connect what the same known profile holds, and the messages that are addressed to it."""
    with store.frames(hashes=pa.table({"hash": found.hashes()})):
        held = store.frame("select hash, profile from state.identifiers semi join hashes using (hash)")
    hashes, profile = held["hash"].to_numpy(), held["profile"].to_numpy()
    found.join(hashes, profile)
    if batch.kind != "traits" or not len(held):
        return
    called = _canonical(store, addressees(store, files, places))
    order = np.argsort(profile, kind="stable")
    at = np.minimum(np.searchsorted(profile[order], called), len(order) - 1)
    messages = np.flatnonzero(profile[order][at] == called).astype(np.int32)
    found.call(messages, hashes[order][at[messages]])


def _canonical(store: Store, called: pa.Array) -> Longs:
    """The canonical profile each message is addressed to, 0 for none."""
    given = pa.table({"ordinal": np.arange(len(called)), "profile": called})
    with store.frames(called=given):
        frame = store.frame(
            "select c.ordinal, p.canonical from called c join state.profiles p using (profile)"
        )
    canonical = np.zeros(len(called), dtype=np.int64)
    canonical[frame["ordinal"].to_numpy()] = frame["canonical"].to_numpy()
    return canonical


def replayed_in_parts(
    store: Store, batch: Batch, places: Order, parts: list[Integers], pool: Executor, folder: Path
) -> Outcome:
    """Replay one part after the other, and give what they found as if it had been one."""
    counts: dict[Count, int] = {}
    creators: list[Integers] = []
    ignored = False
    for number, part in enumerate(parts):
        outcome = replayed(store, batch, Order(places.row[part], places.size), pool)
        created = outcome.created()
        ignored = ignored or outcome.ignored
        creators.append(part[created["ordinal"].to_numpy()])
        tables = {
            "owners": outcome.owners,
            "mapped": outcome.mapped,
            "moved": outcome.moved.to_reader(),
            "merged": outcome.merged.to_reader(),
            "logged": outcome.logged.to_reader(),
            "created": created.to_reader(),
        }
        for name, reader in tables.items():
            _put_aside(folder / f"{name}-{number}.arrow", reader, part)
        for key, value in outcome.counts.items():
            counts[key] = counts.get(key, 0) + value
    parting = _Parting(folder, next_profile(store), creators)
    return Outcome(
        owners=parting.reader("owners"),
        mapped=parting.reader("mapped"),
        moved=parting.reader("moved").read_all(),
        merged=parting.reader("merged").read_all(),
        logged=parting.reader("logged").read_all(),
        created=lambda: parting.reader("created").read_all(),
        ignored=ignored,
        counts=counts,
    )


def _put_aside(file: Path, reader: pa.RecordBatchReader, part: Integers) -> None:
    """Write the rows to a file, with the ordinals of the batch instead of the part's."""
    with pa.ipc.new_file(file, reader.schema) as writer:
        for block in reader:
            if "ordinal" in block.schema.names:
                place = block.schema.get_field_index("ordinal")
                ordinals = pa.array(part[block.column(place).to_numpy()])
                block = block.set_column(place, block.schema.field(place), ordinals)  # noqa: PLW2901 - the same rows
            writer.write_batch(block)


class _Parting:
    """What the parts have put aside, with the numbers that new profiles get in the end."""

    def __init__(self, folder: Path, first: int, creators: list[Integers]) -> None:
        """`first`: number of the first new profile; `creators`: per part, the messages that made its own."""
        everyone = np.sort(np.concatenate(creators))
        self._folder, self._first = folder, first
        self._numbers = [first + np.searchsorted(everyone, each).astype(np.int64) for each in creators]

    def reader(self, name: str) -> pa.RecordBatchReader:
        """The rows of one kind from all parts."""
        with pa.memory_map(str(self._folder / f"{name}-0.arrow")) as source:
            schema = pa.ipc.open_file(source).schema
        return pa.RecordBatchReader.from_batches(schema, self._blocks(name))

    def _blocks(self, name: str) -> Iterator[pa.RecordBatch]:
        for part, numbers in enumerate(self._numbers):
            with pa.memory_map(str(self._folder / f"{name}-{part}.arrow")) as source:
                file = pa.ipc.open_file(source)
                for block in map(file.get_batch, range(file.num_record_batches)):
                    yield self._numbered(block, numbers)

    def _numbered(self, block: pa.RecordBatch, numbers: Longs) -> pa.RecordBatch:
        for name in set(_NUMBERS) & set(block.schema.names):
            place = block.schema.get_field_index(name)
            given = block.column(place)
            number = pc.fill_null(given, 0).to_numpy().copy()
            new = number >= self._first
            number[new] = numbers[number[new] - self._first]
            settled = pa.array(number, mask=pc.is_null(given).to_numpy(zero_copy_only=False))
            block = block.set_column(place, block.schema.field(place), settled)
        return block
