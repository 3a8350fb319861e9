-- No profile and no account has more identifiers of a type than the widest limit any batch ran under, and none has taken
-- in more than the widest merge limit. A window counts what was attached within it, so only types that count all
-- are looked at; the cap on mappings may be exceeded by a merge.
with rules as (
  select distinct cast(rules as json) as rules from ops.batches
), identifier_rules as (
  select unnest(
    from_json(rules -> 'identifiers', '[{"type": "VARCHAR", "limit": "BIGINT", "window": "VARCHAR"}]')
  ) as rule
  from rules
), limits as (
  select rule.type as type, max(rule."limit") as highest
  from identifier_rules
  group by rule.type
  having bool_and(rule."window" = 'ever')
), counts as (
  select profile, type, count(*) as identifiers
  from state.identifiers
  group by profile, type
  union all
  select account, type, count(*)
  from state.account_identifiers
  group by account, type
), merged as (
  select canonical, count(*) as merges from state.profiles where profile <> canonical group by canonical
  union all
  select canonical, count(*) from state.accounts where account <> canonical group by canonical
)
select counts.profile, counts.type
from counts
join limits using (type)
where counts.identifiers > limits.highest
union all
select canonical, 'merge_limit'
from merged
where merges > (select max(cast(rules ->> 'merge_limit' as bigint)) from rules);
