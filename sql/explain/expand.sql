-- One step of the search: what a mention that was dropped would have joined to the nodes of $side at $depth. Such a
-- mention stands between the profile of its message (or the message, if it is nobody's) and whoever holds the
-- identifier (or the identifier, if nobody does). Grain: one row a node that is new on this side.
insert into reached
with frontier as (
  select * from reached where side = $side and depth = $depth
),
segments as (
  select p.segment_id
  from state.profiles p
  semi join frontier f on f.profile = p.canonical
),
identifiers as (
  select i.type, i.value
  from state.identifiers i
  semi join frontier f on f.profile = i.profile
  union all
  select type, value
  from frontier
  where type is not null
),
log as (
  select batch, ordinal, identifier_type as type, identifier_value as value, segment_id
  from ops.resolution_log
  where collection = 'users' and identifier_value is not null
),
touching as (
  select * from log semi join segments using (segment_id)
  union
  select * from log semi join identifiers using (type, value)
  union
  select log.* from log semi join frontier f on f.batch = log.batch and f.ordinal = log.ordinal
),
owned as (
  select i.type, i.value, i.profile
  from state.identifiers i
  semi join touching using (type, value)
),
stamped as (
  select p.segment_id, p.canonical
  from state.profiles p
  semi join touching using (segment_id)
),
ends as (
  select
    t.batch as by_batch,
    t.ordinal as by_ordinal,
    t.type as by_type,
    t.value as by_value,
    s.canonical as message_profile,
    coalesce('p' || s.canonical, 'm' || t.batch || '/' || t.ordinal) as message_node,
    o.profile as identifier_profile,
    coalesce('p' || o.profile, 'i' || t.type || ':' || t.value) as identifier_node
  from touching t
  left join stamped s using (segment_id)
  left join owned o using (type, value)
),
steps as (
  select e.*, message_node as from_node, identifier_node as node, identifier_profile as profile,
    case when identifier_profile is null then by_type end as type,
    case when identifier_profile is null then by_value end as value,
    cast(null as integer) as batch, cast(null as integer) as ordinal
  from ends e
  union all
  select e.*, identifier_node, message_node, message_profile, null, null,
    case when message_profile is null then by_batch end,
    case when message_profile is null then by_ordinal end
  from ends e
)
select $side, $depth + 1, node, profile, type, value, batch, ordinal, from_node,
  by_batch, by_ordinal, by_type, by_value
from steps
where from_node in (select node from frontier)
  and node not in (select node from reached where side = $side)
qualify row_number() over (
  partition by node order by by_batch, by_ordinal, by_type, by_value, from_node
) = 1;
