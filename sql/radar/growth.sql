-- Profiles older than the batch $batch that have gained $least identifiers or more since: ones they were given, and
-- ones that profiles brought which were merged into them. Grain: one row a profile, with the type that grew most.
with touched as (
  select profile from state.identifiers where batch >= $batch
  union
  select p.canonical
  from state.merges m
  join state.profiles p using (profile)
  where m.batch >= $batch
),
large as (
  select profile
  from state.identifiers
  semi join touched using (profile)
  group by profile
  having count(*) >= $least
),
older as (
  select p.profile
  from state.profiles p
  join large using (profile)
  where p.batch < $batch
),
held as (
  select profile, type, batch, first_profile
  from state.identifiers
  semi join older using (profile)
),
before as (
  select m.profile, max_by(m.canonical, (m.batch, m.ordinal)) as canonical
  from state.merges m
  semi join held h on h.first_profile = m.profile
  where m.batch < $batch
  group by m.profile
),
gained as (
  select h.profile, h.type, count(*) as number
  from held h
  left join before b on b.profile = h.first_profile
  where h.batch >= $batch or coalesce(b.canonical, h.first_profile) <> h.profile
  group by h.profile, h.type
)
select 'growth' as kind, profile, first(type order by number desc, type) as type, cast(null as varchar) as value,
  sum(number)::bigint as number
from gained
group by profile
having sum(number) >= $least;
