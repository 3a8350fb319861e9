"""The compiled replay with a state around it, so that cases and random graphs can be played on it.

The state is kept here in dictionaries; between batches only the part of it that a batch touches is handed
to the replay, as the resolve step does with tables.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from operator import itemgetter

import numpy as np
import pyarrow as pa

from pipelines.identity.dictionary import Dictionary
from pipelines.identity.graph import Integers
from pipelines.identity.mentions import Mentions, encode
from pipelines.identity.resolution import Known, Resolution, resolve
from pipelines.rules import IdentifierRule, Rules
from tests.oracles.records import Creation, Identifier, Mapping, Merge, Message, Note, Outcome

_EPOCH = datetime.fromisoformat("1970-01-01")
_MORE = pa.list_(pa.struct([("type", pa.string()), ("value", pa.string())]))


class ReplayedGraph:
    """The graph so far; `resolve` sends the next batch through encode and replay."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.canonical: dict[int, int] = {}
        self.owner: dict[Identifier, int] = {}
        self.mapped_at: dict[Identifier, datetime] = {}

    def remove(self, identifier: Identifier) -> None:
        """Forget an identifier, as a deletion on request does."""
        del self.owner[identifier], self.mapped_at[identifier]

    def holdings(self) -> dict[int, set[Identifier]]:
        """The identifiers of every canonical profile, of those without any too."""
        held: dict[int, set[Identifier]] = {canonical: set() for canonical in self.canonical.values()}
        for identifier, profile in self.owner.items():
            held[profile].add(identifier)
        return held

    def resolve(self, batch: list[Message]) -> Outcome:
        """Resolve one batch; its rows stay as they come, the order is handed over beside them."""
        rows = sorted(
            range(len(batch)), key=lambda row: (batch[row].timestamp, batch[row].message_id.encode())
        )
        messages = [batch[row] for row in rows]
        users = tuple(rule for rule in self.rules.identifiers if rule.collection == "users")
        ordinals = np.argsort(rows).astype(np.int32)
        with ThreadPoolExecutor(max_workers=1) as pool:
            empty = tuple(Dictionary(rule.type) for rule in users)
            mentions = encode(batches(batch, ordinals, users), len(batch), empty, users, pool)
        times = np.array([_micros(message.timestamp) for message in messages], dtype=np.int64)
        addressees = pa.array([message.addressee for message in messages], type=pa.int64())
        resolution = resolve(mentions, times, self.rules, self._known(mentions, messages), addressees)
        self._apply(resolution)
        return _outcome(resolution, [message.message_id for message in messages], mentions)

    def _known(self, mentions: Mentions, messages: list[Message]) -> Known:
        distinct = mentions.dictionary().to_pydict()
        codes = {
            (type_, value): code
            for type_, value, code in zip(distinct["type"], distinct["value"], distinct["code"], strict=True)
        }
        touched = {self.owner[identifier] for identifier in codes if identifier in self.owner}
        touched |= {self.canonical[m.addressee] for m in messages if m.addressee is not None}
        profiles = [(p, canonical) for p, canonical in self.canonical.items() if canonical in touched]
        held = [identifier for identifier, profile in self.owner.items() if profile in touched]
        return Known(
            pa.table(
                {
                    "profile": pa.array([p for p, _ in profiles], pa.int64()),
                    "canonical": pa.array([canonical for _, canonical in profiles], pa.int64()),
                }
            ),
            pa.table(
                {
                    "code": pa.array([codes.get(identifier) for identifier in held], pa.int32()),
                    "type": pa.array([type_ for type_, _ in held], pa.string()),
                    "profile": pa.array([self.owner[identifier] for identifier in held], pa.int64()),
                    "mapped_at": pa.array(
                        [self.mapped_at[identifier] for identifier in held], pa.timestamp("us")
                    ),
                }
            ),
            next_profile=len(self.canonical) + 1,
        )

    def _apply(self, resolution: Resolution) -> None:
        for row in resolution.profiles.to_pylist() + resolution.moved.to_pylist():
            self.canonical[row["profile"]] = row["canonical"]
        for identifier, owner in self.owner.items():
            self.owner[identifier] = self.canonical[owner]
        for row in resolution.identifiers.table().to_pylist():
            self.owner[row["type"], row["value"]] = row["profile"]
            self.mapped_at[row["type"], row["value"]] = row["mapped_at"]


def batches(
    batch: list[Message], ordinals: Integers, rules: Sequence[IdentifierRule]
) -> list[tuple[Integers, pa.RecordBatch]]:
    """The identifier columns of a message set with these messages as rows: two batches, the later first."""
    data: dict[str, list[object]] = {f"id:{rule.type}": [] for rule in rules}
    data["more"] = []
    for message in batch:
        values: dict[str, list[str]] = defaultdict(list)
        for type_, value in message.mentions if message.addressee is None else ():
            values[type_].append(value)
        for rule in rules:
            data[f"id:{rule.type}"].append(next(iter(values[rule.type]), None))
        more = [{"type": type_, "value": value} for type_, further in values.items() for value in further[1:]]
        data["more"].append(more or None)
    table = pa.table(
        {name: pa.array(given, _MORE if name == "more" else pa.string()) for name, given in data.items()}
    )
    half = len(batch) // 2
    halves = (ordinals[half:], table[half:]), (ordinals[:half], table[:half])
    return [(which, part) for which, piece in halves for part in piece.to_batches()]


def _outcome(resolution: Resolution, ids: list[str], mentions: Mentions) -> Outcome:
    """What happened in the oracle's words."""
    names = [(row["type"], row["value"]) for row in mentions.dictionary().to_pylist()]
    owners = dict(zip(ids, resolution.owners.table()["profile"].to_pylist(), strict=True))
    return Outcome(
        owners=owners,
        creations=[
            Creation(ids[row["ordinal"]], row["profile"], names[row["identifier"]])
            for row in resolution.profiles.to_pylist()
        ],
        mappings=[
            Mapping(ids[row["ordinal"]], (row["type"], row["value"]), row["first_profile"], row["place"])
            for row in sorted(resolution.identifiers.table().to_pylist(), key=itemgetter("ordinal", "place"))
        ],
        merges=[
            Merge(ids[row["ordinal"]], row["profile"], row["canonical"], row["place"])
            for row in resolution.merges.to_pylist()
        ],
        log=[
            Note(
                ids[row["ordinal"]],
                None if row["identifier_type"] is None else (row["identifier_type"], row["identifier_value"]),
                row["violated_type"],
                row["reason"],
                row["profile"],
            )
            for row in resolution.log.to_pylist()
        ],
    )


def _micros(time: datetime) -> int:
    difference = time - _EPOCH
    return (difference.days * 86_400 + difference.seconds) * 1_000_000 + difference.microseconds
