"""A small store for tests of traits: the tables they read, filled by hand, and computes run on it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pipelines.config import ComputedTrait, IdentifierRule, Resources, Rules, Space
from pipelines.steps.compute import ComputeReport, compute
from pipelines.store import Store

RULES = Rules(
    (
        IdentifierRule("user_id", 1, locations=("userId",)),
        IdentifierRule("email", 5, normalize="lower", locations=("traits.email", "context.traits.email")),
        IdentifierRule("loyalty_id", 5, locations=("traits.loyaltyId", "traits.loyalty_id")),
        IdentifierRule("anonymous_id", 5, locations=("anonymousId",)),
    )
)

ORDERS = """
    create table order_completed (
        id varchar, segment_id varchar, received_at timestamp, timestamp timestamp,
        total double, quantity bigint, gift boolean, placed_at timestamp, channel varchar, mixed varchar
    )
    """


def shop_space(folder: Path, computed: Sequence[ComputedTrait] = ()) -> Space:
    """A space in a folder; its SQL traits are the files `<folder>/*.sql`."""
    return Space(
        name="shop",
        file=folder / "space.yaml",
        store=folder / "warehouse.duckdb",
        resources=Resources(threads=2),
        profiles=(),
        events=(),
        identity=RULES,
        computed=tuple(computed),
        sql_traits=(str(folder / "*.sql"),),
    )


def computed_trait(form: Mapping[str, Any]) -> ComputedTrait:  # Any: read from YAML
    """A computed trait from its form in a file of cases; `days` is its window."""
    window = timedelta(days=form["days"]) if "days" in form else None
    where = json.dumps(form["where"], default=str) if "where" in form else None
    rest = {key: value for key, value in form.items() if key not in ("days", "where")}
    return ComputedTrait(**{"event": "Order Completed", **rest}, window=window, where=where)


def in_order(sent: Sequence[Sequence[Any]]) -> list[tuple[str, Any]]:
    """Messages sorted by whom they are about, then by what they say."""
    return sorted(((to, traits) for to, traits in sent), key=lambda message: (message[0], str(message[1])))


@dataclass(frozen=True, slots=True)
class Shop:
    """A store with the shop's tables, and the space it belongs to."""

    space: Space
    store: Store

    def open(self) -> None:
        """Make the event's table, as materialize would."""
        self.store.execute(ORDERS)

    def events(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add events; a profile exists from its first one on."""
        for row in rows:
            values = {**row, "received_at": row.get("received_at", row["timestamp"])}
            names = ", ".join(values)
            holders = ", ".join(f"${name}" for name in values)
            self.store.execute(f"insert into order_completed ({names}) values ({holders})", values)
        self.store.execute(
            """
            insert into state.profiles by name
            select number as profile, segment_id, number as canonical, 1 as batch, 0 as ordinal
            from (
                select segment_id, row_number() over (order by segment_id) + $known as number
                from (select distinct segment_id from order_completed)
                where segment_id not in (select segment_id from state.profiles)
            )
            """,
            {"known": self.store.scalar("select count(*) from state.profiles")},
        )

    def merge(self, away: str, survivor: str) -> None:
        """Merge one profile into another, in the batch that comes next."""
        self.store.execute(
            """
            insert into state.merges by name
            select (select coalesce(max(batch), 0) + 1 from ops.batches) as batch, 0 as ordinal, 0 as place,
                   away.profile, survivor.profile as canonical
            from state.profiles away, state.profiles survivor
            where away.segment_id = $away and survivor.segment_id = $survivor
            """,
            {"away": away, "survivor": survivor},
        )
        self.store.execute(
            """
            update state.profiles
            set canonical = (select profile from state.profiles where segment_id = $survivor)
            where segment_id = $away
            """,
            {"away": away, "survivor": survivor},
        )
        self.store.execute(
            """
            update state.identifiers set profile = owner.canonical
            from state.profiles owner where owner.profile = state.identifiers.profile
            """
        )

    def identifiers(self, rows: Sequence[Sequence[str]]) -> None:
        """Map identifiers (type, value) to profiles; after a merge they are the survivor's."""
        for kind, value, segment_id in rows:
            self.store.execute(
                """
                insert into state.identifiers by name select 0 as hash, $kind as type,
                $value as value, profile, profile as first_profile,
                       timestamp '2026-01-01' as mapped_at, timestamp '2026-01-01' as received_at,
                       1 as batch, 0 as ordinal, 0 as place
                from state.profiles where segment_id = $segment_id
                """,
                {"kind": kind, "value": value, "segment_id": segment_id},
            )

    def uploaded(self, time: datetime) -> None:
        """A batch of files, finished."""
        number = self.store.scalar("select coalesce(max(batch), 0) + 1 from ops.batches")
        self.store.execute(
            "insert into ops.batches (batch, kind, stage, batch_time, rules, rules_hash, trait_history)"
            " values ($number, 'files', 'materialized', $time, '', '', 'every_batch')",
            {"number": number, "time": time},
        )

    def compute(self, now: datetime) -> ComputeReport:
        """Compute, and finish the batch it opened."""
        report = compute(self.space, self.store, now)
        self.store.execute("update ops.batches set stage = 'materialized'")
        return report

    def sent(self, batch: int | None) -> list[tuple[str, Any]]:
        """The messages of a batch as (addressee or identifier, traits), sorted."""
        if batch is None:
            return []
        whom = ("addressee", "user_id", "anonymous_id", "id:email")
        rows = self.messages(batch)
        return in_order(
            [(next(row[name] for name in whom if row[name]), json.loads(row["traits"])) for row in rows]
        )

    def messages(self, batch: int) -> list[dict[str, Any]]:
        """The messages of a batch, all columns, by row."""
        name = self.store.scalar("select message_set from ops.batches where batch = $batch", {"batch": batch})
        table = self.store.frame(f"from '{self.store.folder}/{name}/*.parquet' order by row")
        return table.to_pylist()  # type: ignore[no-any-return]  # pyarrow has no types
