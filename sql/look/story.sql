-- How the profile $segment_id came to be: every message that created, identified or merged one of its profiles.
-- Identifier values are cut to their first character unless $values. Grain: one row a message, in order.
with members as (
  select segment_id
  from profile_merges
  where canonical_segment_id = $segment_id
),
changes as (
  select
    left(seq, 16) as message,
    timestamp,
    triggering_event_type as call,
    triggering_event_name as event,
    triggering_event_source_slug as source,
    case when segment_id = canonical_segment_id then 'created' else 'merged' end as kind,
    seq,
    cast(null as varchar) as identifier
  from id_graph_updates
  where segment_id in (select segment_id from members)
  union all
  select
    left(seq, 16),
    timestamp,
    triggering_event_type,
    triggering_event_name,
    triggering_event_source_slug,
    'identifier',
    seq,
    external_id_type || ' ' || case when $values then external_id_value else left(external_id_value, 1) || '…' end
  from external_id_mapping_updates
  where segment_id in (select segment_id from members)
)
select
  min(timestamp) as "when",
  any_value(call) as call,
  any_value(event) as event,
  any_value(source) as source,
  count(*) filter (where kind = 'created') as created,
  count(*) filter (where kind = 'merged') as merged,
  coalesce(list(identifier order by seq) filter (where kind = 'identifier'), []) as identifiers
from changes
group by message
order by message;
