-- The $count members of the account $segment_id seen last, each with an identifier to know them by, and the number of all.
-- Grain: one row a canonical profile.
with members as (
  select canonical_segment_id, first_seen, last_seen, count(*) over () as members
  from account_memberships
  where account_segment_id = $segment_id
  order by last_seen desc, canonical_segment_id
  limit $count
), known as (
  select i.canonical_segment_id,
         min_by(i.type || ' ' || i.value, (case i.type when 'user_id' then 0 when 'email' then 1 else 2 end, i.seq)) as identifier
  from user_identifiers i
  semi join members using (canonical_segment_id)
  group by i.canonical_segment_id
)
select m.canonical_segment_id, k.identifier, m.first_seen, m.last_seen, m.members
from members m
left join known k using (canonical_segment_id)
order by m.last_seen desc, m.canonical_segment_id;
