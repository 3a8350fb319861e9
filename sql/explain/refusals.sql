-- Every mention that would have joined two ends directly, had it not been dropped: an identifier of the one end on a
-- message of the other. An end is a profile, or an identifier that nobody holds; a message of the latter is one that
-- dropped it as well. Grain: one row a mention.
with ends as (
  select * from reached where depth = 0
),
messages as (
  select p.segment_id, e.side
  from state.profiles p
  join ends e on e.profile = p.canonical
),
identifiers as (
  select i.type, i.value, e.side
  from state.identifiers i
  join ends e using (profile)
  union all
  select type, value, side
  from ends
  where type is not null
)
select l.batch, l.ordinal, l.identifier_type, l.identifier_value, l.reason, l.violated_type, l.segment_id
from ops.resolution_log l
join messages m using (segment_id)
join identifiers i on i.type = l.identifier_type and i.value = l.identifier_value
where l.collection = 'users' and i.side <> m.side
order by l.batch, l.ordinal, l.identifier_type, l.identifier_value;
