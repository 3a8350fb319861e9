-- Every message that mapped identifiers or merged profiles kept the rules its batch ran under, as the profile then was:
-- the limit of each type it added values of, within the window if there is one, the cap on mappings and the cap on
-- merges. A limit tightened later breaks nothing, and a merge alone may exceed the cap on mappings.
-- Only profiles that hold more in the end than some batch allowed are looked at: no other can ever have held too much.
with ledger as (
  select batch, cast(rules as json) as rules from ops.batches
), declared as (
  select batch, unnest(from_json(rules -> 'identifiers', '[{"type": "VARCHAR", "limit": "BIGINT", "window": "VARCHAR"}]'))
    as rule
  from ledger
), limits as (
  select batch, rule.type as type, rule."limit" as highest,
    case rule."window"
      when 'daily' then interval 1 day
      when 'weekly' then interval 7 day
      when 'monthly' then interval 30 day
      when 'annually' then interval 365 day
    end as span
  from declared
), caps as (
  select batch, cast(rules ->> 'mapping_limit' as bigint) as mappings, cast(rules ->> 'merge_limit' as bigint) as merges
  from ledger
), crowded as (
  -- `type` NULL: all types together
  select profile, type
  from state.identifiers
  group by profile, type
  having count(*) > (select min(highest) from limits where limits.type = identifiers.type)
  union all
  select profile, null
  from state.identifiers
  group by profile
  having count(*) > (select min(mappings) from caps)
),

-- Which profile an identifier belonged to, from which message to which.
moves as (
  select m.profile, m.canonical, m.batch, m.ordinal, u.timestamp as happened
  from state.merges m
  left join id_graph_updates u on u.seq = state.seq(m.batch, m.ordinal, m.place)
), looked_at as (
  select row_number() over () as identifier, i.type, i.first_profile, i.batch, i.ordinal, i.mapped_at, c.type is null as together
  from state.identifiers i
  join crowded c on c.profile = i.profile and (c.type is null or c.type = i.type)
), stays as (
  select identifier, type, together, first_profile as profile, batch, ordinal, mapped_at as happened, mapped_at
  from looked_at
  union all
  select i.identifier, i.type, i.together, m.canonical, m.batch, m.ordinal, m.happened, i.mapped_at
  from looked_at i
  join moves m on m.profile = i.first_profile
), belonged as (
  select *,
    (batch, ordinal) as since,
    lead((batch, ordinal)) over periods as until,
    lag(profile, 1, profile) over periods as came_from,
    row_number() over periods = 1 as is_new
  from stays
  window periods as (partition by identifier order by batch, ordinal)
),

-- The messages that added to a profile, and what it then held.
additions as (
  select together, case when not together then type end as type, profile, batch, ordinal, since, max(happened) as happened,
    bool_or(is_new) as maps
  from belonged
  group by all
), held as (
  select a.together, a.type, a.profile, a.batch, a.ordinal, a.maps,
    count(*) as identifiers,
    count(*) filter (where b.mapped_at > a.happened - l.span) as recent,
    count(distinct if(b.since = a.since, b.came_from, a.profile)) as holders,
    any_value(l.highest) as highest,
    any_value(l.span) as span
  from additions a
  join belonged b
    on b.profile = a.profile and b.together = a.together and (a.together or b.type = a.type)
    and b.since <= a.since and (b.until is null or b.until > a.since)
  left join limits l on l.batch = a.batch and l.type = a.type
  group by all
),

-- The same for profiles merged away.
members as (
  select m.profile as member, m.canonical as profile, m.batch, (m.batch, m.ordinal) as since,
    lead((m.batch, m.ordinal)) over (partition by m.profile order by m.batch, m.ordinal) as until
  from state.merges m
  where m.profile in (
    select profile
    from state.profiles
    qualify count(*) over (partition by canonical) - 1 > (select min(merges) from caps)
  )
), taken_in as (
  select a.profile, a.batch, a.since, count(distinct b.member) as members
  from members a
  join members b on b.profile = a.profile and b.since <= a.since and (b.until is null or b.until > a.since)
  group by all
)

select profile, batch, ordinal, type, identifiers
from held
where not together and (maps or holders > 1) and if(span is null, identifiers, recent) > highest
union all
select profile, batch, ordinal, 'mapping_limit', identifiers
from held
join caps using (batch)
where together and maps and identifiers > mappings
union all
select profile, batch, since[2], 'merge_limit', members
from taken_in
join caps using (batch)
where members > merges;
