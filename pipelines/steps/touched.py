"""The part of the graph that a batch touches: looked up in `state`, and nothing else of it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.identity.mentions import Mentions
from pipelines.identity.resolution import Known, nothing_known
from pipelines.steps.setcolumns import Order
from pipelines.store.store import Store


def addressees(store: Store, files: list[str], order: Order) -> pa.Array:
    """The profile each message is addressed to, by ordinal; null for those that are matched."""
    frame = store.frame(
        """
        select m.row, p.profile
        from read_parquet($files) m join state.profiles p on p.segment_id = m.addressee
        """,
        {"files": files},
    )
    by_row = np.zeros(order.size, dtype=np.int64)
    by_row[frame["row"].to_numpy()] = frame["profile"].to_numpy()
    profile = by_row[order.row]
    return pa.array(profile, mask=profile == 0)


def known(store: Store, mentions: Mentions, addressees: pa.Array | None) -> Known:
    """The profiles the batch touches and all they hold, found by hash and number, compared by text."""
    following = next_profile(store)
    if following == 1:
        return nothing_known()
    called = pa.array([], pa.int64()) if addressees is None else pc.unique(pc.drop_null(addressees))
    with store.frames(mentioned=mentions.dictionary(), called=pa.table({"profile": called})):
        store.execute(_TOUCHED)
        held = store.frame(_HELD)
    members = store.frame(_MEMBERS)
    store.execute("drop table touched_profiles")
    return Known(members, held, following)


def next_profile(store: Store) -> int:
    """The number of the first profile to be created."""
    return int(store.scalar("select coalesce(max(profile), 0) + 1 from state.profiles"))


# By hash alone, so that only numbers are read: a collision loads a profile that no message then touches.
_TOUCHED = """
    create or replace temp table touched_profiles as
    select i.profile
    from mentioned d
    join state.identifiers i on i.hash = d.hash
    union
    select p.canonical from called join state.profiles p using (profile)
"""
_HELD = """
    select d.code, i.type, i.profile, i.mapped_at
    from state.identifiers i
    join touched_profiles using (profile)
    left join mentioned d on i.hash = d.hash and i.type = d.type and i.value = d.value
"""
_MEMBERS = """
    select p.profile, p.canonical
    from state.profiles p join touched_profiles t on p.canonical = t.profile
    order by p.profile
"""
