-- All that is known of every customer: the profiles merged into one, its identifiers and its traits.
-- Grain: one row a canonical profile.
with merged as (
  select canonical_segment_id, list(segment_id order by seq) as merged_profiles
  from profile_merges
  where segment_id <> canonical_segment_id
  group by canonical_segment_id
), identifiers as (
  select canonical_segment_id, list({'type': type, 'value': value} order by seq) as identifiers
  from user_identifiers
  group by canonical_segment_id
)
select p.*, m.merged_profiles, i.identifiers
from profile_traits p
left join merged m using (canonical_segment_id)
left join identifiers i using (canonical_segment_id)
where p.merged_to is null
order by p.canonical_segment_id;
