-- Profiles with more identifiers of a type than they should have: the limit was tightened since, or a window let
-- more in over time.
-- Grain: one row a profile. $type: for example email; $limit: for example 5.
select canonical_segment_id, count(*) as identifiers, list(value order by seq) as "values"
from user_identifiers
where type = $type
group by canonical_segment_id
having count(*) > $limit
order by identifiers desc, canonical_segment_id;
