"""The append-only tables of the graph: what a batch's messages created, merged and mapped.

Reads `state` as resolve left it, and of the message set only the messages that changed something.
Columns: spec profiles-sync.md sections 2.1 and 2.2.
"""

from __future__ import annotations

from pipelines.sqlfiles import Statement

_TRIGGER = """
    t.message_id, t.event, t.type, t.source_id, t.source_name, t.source_slug, t.received_at, t.timestamp,
    $time::timestamp
"""
_COLUMNS = """
    triggering_event_id, triggering_event_name, triggering_event_type, triggering_event_source_id,
    triggering_event_source_name, triggering_event_source_slug, received_at, timestamp, uuid_ts
"""

_TRIGGERS = """
create or replace temp table triggers as
select o.ordinal, m.message_id, case when m.type = 'track' then m.event end as event, m.type, m.source_id,
       m.source_name, m.source_slug, m.received_at, m.timestamp
from read_parquet($files) m
join state.owners o on o.batch = $batch and o.row = m.row
semi join (
  select ordinal from state.profiles where batch = $batch
  union
  select ordinal from state.merges where batch = $batch
  union
  select ordinal from state.identifiers where batch = $batch
  union
  select ordinal from changed_profiles
) causes on causes.ordinal = o.ordinal
"""
"""The messages of a batch that changed the graph or the traits of a profile."""

_GRAPH = f"""
insert into id_graph_updates (id, segment_id, canonical_segment_id, {_COLUMNS}, seq)
with changes as (
  select ordinal, 0 as place, segment_id, segment_id as canonical_segment_id
  from state.profiles where batch = $batch
  union all
  select m.ordinal, m.place, p.segment_id, c.segment_id
  from state.merges m
  join state.profiles p on p.profile = m.profile
  join state.profiles c on c.profile = m.canonical
  where m.batch = $batch
)
select 'idg_' || state.seq($batch, ordinal, c.place), c.segment_id, c.canonical_segment_id, {_TRIGGER},
       state.seq($batch, ordinal, c.place)
from changes c join triggers t using (ordinal)
"""

_MAPPING = f"""
insert into external_id_mapping_updates
  (id, segment_id, external_id_type, external_id_value, external_id_hash, {_COLUMNS}, seq)
select 'map_' || state.seq($batch, ordinal, i.place), p.segment_id, i.type, i.value, sha1(i.type || i.value),
       {_TRIGGER}, state.seq($batch, ordinal, i.place)
from state.identifiers i
join triggers t using (ordinal)
join state.profiles p on p.profile = i.first_profile
where i.batch = $batch
"""

STATEMENTS = (
    Statement(_TRIGGERS, label="triggers"),
    Statement(_GRAPH, label="id_graph_updates"),
    Statement(_MAPPING, label="external_id_mapping_updates"),
)
"""To be run after `traits.COMPARE`; `triggers` stays. Parameters: `$batch`, `$time`, `$files` where named."""
