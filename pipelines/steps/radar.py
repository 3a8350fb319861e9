"""Radar: suspicious profiles and identifiers, found after a batch among those that it touched.

What is found stands in `ops.radar`. A profile holds too much, or grew too fast, or one identifier alone holds
two large parts of it together; an identifier was dropped from the messages of too many profiles. Sizes and
demotions are counted in columns; only the graphs of profiles that are too large are looked into, for bridges.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from itertools import groupby

import pyarrow as pa

from pipelines import sqlfiles
from pipelines.config import Space
from pipelines.identity.joints import split_at
from pipelines.identity.proposals import proposals
from pipelines.identity.values import blocked
from pipelines.steps.evidence import forget, gather
from pipelines.store.store import Store

EXAMINED = 200
"""The largest of the changed profiles that are looked into for bridges, each time."""


@dataclass(frozen=True, slots=True)
class RadarReport:
    """How many suspicious profiles and identifiers are known now, and how many of them block."""

    findings: int = 0
    blocking: int = 0

    def as_dict(self) -> dict[str, int]:
        """JSON-ready."""
        return asdict(self)


def radar(space: Space, store: Store) -> RadarReport:
    """Bring `ops.radar` up to the newest materialized batch, in one transaction; report what stands there.

    Only what changed since the last look is looked at; everything, if thresholds or identity rules changed.
    """
    settings = _settings(space)
    last = store.execute("select batch, settings from state.radar_looks").fetchall()
    newest = store.scalar("select max(batch) from ops.batches where stage = 'materialized'")
    waits = store.scalar("select exists (from ops.batches where stage = 'resolved')")
    if newest is not None and not waits and last != [(newest, settings)]:
        after = last[0][0] if last and last[0][1] == settings else 0
        with store.transaction():
            _look(space, store, after)
            store.execute("delete from state.radar_looks")
            store.execute(
                "insert into state.radar_looks values ($batch, $settings)",
                {"batch": newest, "settings": settings},
            )
    return _standing(store)


def _standing(store: Store) -> RadarReport:
    found = store.execute(
        "select count(*), count(*) filter (where severity = 'block') from ops.radar"
    ).fetchall()
    return RadarReport(*found[0])


def _settings(space: Space) -> str:
    """SHA-256 of all that findings depend on besides the store."""
    text = json.dumps([asdict(space.radar), space.identity.hash], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


_FOUND = """
create or replace temp table found (
  kind varchar, profile bigint, type varchar, value varchar, number bigint
)
"""


def _look(space: Space, store: Store, after: int) -> None:
    """Find anew what batches later than `after` may have changed; all there is, if it is 0."""
    listed = space.radar.warn
    store.execute(_FOUND)
    if after:
        _run(store, "changed", after=after)
    else:
        store.execute("create or replace temp table changed (profile bigint)")
    _run(store, "sizes", least=listed.profile_size, all=not after)
    store.execute("insert into found select 'profile_size', profile, null, null, number from large")
    batch = store.scalar("select max(batch) from ops.batches where kind = 'files' and stage = 'materialized'")
    if batch is not None and store.scalar(
        "select exists (from state.profiles where batch < $batch)", {"batch": batch}
    ):
        _found(store, "growth", batch=batch, least=listed.growth)
    _find_bridges(store, listed.bridge or 1)
    _found(store, "shared", after=after, least=listed.shared)
    _drop_blocked(space, store)
    _run(store, "forget") if after else store.execute("delete from ops.radar")
    with store.frames(proposals=_proposals(space), thresholds=_thresholds(space)):
        _run(store, "keep")
    for table in ("changed", "large", "found"):
        store.execute(f"drop table temp.{table}")


def _run(store: Store, name: str, **params: object) -> None:
    store.execute(sqlfiles.statements(f"radar/{name}.sql")[0], params)


def _found(store: Store, name: str, **params: object) -> None:
    store.execute(f"insert into found {sqlfiles.statements(f'radar/{name}.sql')[0]}", params)


def _find_bridges(store: Store, least: int) -> None:
    """The identifier of each large profile that alone holds the largest part besides the rest, if it does."""
    profiles = [
        profile
        for (profile,) in store.execute(
            "select profile from large order by number desc, profile limit $count", {"count": EXAMINED}
        ).fetchall()
    ]
    if not profiles:
        return
    evidence = gather(store.con, store.folder, profiles)
    forget(store.con)
    parts = split_at(len(evidence.identifiers), evidence.links)
    for profile, codes in groupby(range(len(evidence.profiles)), key=evidence.profiles.__getitem__):
        code = max(codes, key=lambda one: parts[one].second)  # the oldest of equals
        if parts[code].second >= least:
            kind, value = evidence.identifiers[code]
            store.execute(
                "insert into found values ('bridge', $profile, $kind, $value, $number)",
                {"profile": profile, "kind": kind, "value": value, "number": parts[code].second},
            )


def _drop_blocked(space: Space, store: Store) -> None:
    """An identifier that the space file blocks is not shared any more, whatever was dropped before."""
    for rule in space.identity.identifiers:
        values = store.frame(
            "select value from found where kind = 'shared' and type = $type", {"type": rule.type}
        )["value"]
        if len(values):
            hit = blocked(values.combine_chunks().cast(pa.large_string()), rule.blocked)
            with store.frames(hits=pa.table({"value": values.filter(hit)})):
                store.execute(
                    "delete from found where kind = 'shared' and type = $type and value in (from hits)",
                    {"type": rule.type},
                )


def _proposals(space: Space) -> pa.Table:
    """`kind`, `type`, `place`, `opening`, `closing`."""
    return pa.Table.from_pylist(
        [asdict(proposal) for proposal in proposals(space.identity, space.radar.warn)],
        pa.schema([(name, pa.string()) for name in ("kind", "type", "place", "opening", "closing")]),
    )


def _thresholds(space: Space) -> pa.Table:
    """`kind`, `warn`, `block`."""
    warn, block = asdict(space.radar.warn), asdict(space.radar.block)
    rows = [{"kind": kind, "warn": warn[kind], "block": block[kind]} for kind in warn]
    return pa.Table.from_pylist(
        rows, pa.schema([("kind", pa.string()), ("warn", pa.int64()), ("block", pa.int64())])
    )
