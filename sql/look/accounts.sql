-- The accounts that the profile $segment_id belongs to, the newest first. Grain: one row an account.
with mine as (
  select account_segment_id, first_seen, last_seen
  from account_memberships
  where canonical_segment_id = $segment_id
)
select m.account_segment_id, string_agg(i.type || ' ' || i.value, ', ' order by i.seq) as identifiers, m.first_seen, m.last_seen
from mine m
left join account_identifiers i on i.canonical_segment_id = m.account_segment_id
group by all
order by m.last_seen desc, m.account_segment_id;
