-- The traits of the profile $segment_id. Grain: one row a trait.
select name, value, timestamp as since
from user_traits
where canonical_segment_id = $segment_id
order by name;
