-- The profiles and accounts of two stores, compared by the identifiers they hold: the store attached as `old_store`
-- and this one. Makes the temporary tables that the queries beside this file read.

-- Whose an identifier was, and is. Grain: one row an identifier that either store has.
create or replace temp table compared__identifiers as
with before as (
  select i.hash, i.type, i.value, p.segment_id as before
  from old_store.state.identifiers i join old_store.state.profiles p using (profile)
  union all
  select i.hash, i.type, i.value, a.segment_id
  from old_store.state.account_identifiers i join old_store.state.accounts a using (account)
), after as (
  select i.hash, i.type, i.value, p.segment_id as after
  from state.identifiers i join state.profiles p using (profile)
  union all
  select i.hash, i.type, i.value, a.segment_id
  from state.account_identifiers i join state.accounts a using (account)
)
select type, value, before, after
from before full join after using (hash, type, value);

-- What two profiles share. `goes_on`: each is to the other the one it became: the one of its own id, else the one
-- that shares most, else the least id. Grain: one row a profile before and after with an identifier in common.
create or replace temp table compared__links as
with shared as (
  select before, after, count(*) as identifiers
  from compared__identifiers
  where before is not null and after is not null
  group by before, after
), ranked as (
  select *,
    row_number() over (partition by before order by before = after desc, identifiers desc, after) as heir,
    row_number() over (partition by after order by before = after desc, identifiers desc, before) as origin
  from shared
)
select before, after, identifiers, heir = 1 and origin = 1 as goes_on
from ranked;

-- What became of a profile. Each has one fate, the first that fits. Grain: one row a profile before; after for `new`.
create or replace temp table compared__fates as
with was as (
  select before, count(*) as identifiers, count(distinct after) as parts
  from compared__identifiers where before is not null
  group by before
), "is" as (
  select after, count(*) as identifiers, count(distinct before) as parts
  from compared__identifiers where after is not null
  group by after
)
select was.before, l.after, was.identifiers,
  case
    when was.parts = 0 then 'gone'
    when was.parts > 1 then 'split'
    when "is".parts > 1 then 'merged'
    when was.identifiers <> l.identifiers or "is".identifiers <> l.identifiers then 'altered'
    when was.before <> l.after then 'renamed'
    else 'unchanged'
  end as fate
from was
left join compared__links l on l.before = was.before and was.parts = 1
left join "is" on "is".after = l.after
union all
select null, after, identifiers, 'new'
from "is" where parts = 0;
