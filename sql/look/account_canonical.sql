-- The account that $segment_id belongs to now. Grain: at most one row.
select coalesce(merged_to, canonical_segment_id)
from account_traits
where canonical_segment_id = $segment_id;
