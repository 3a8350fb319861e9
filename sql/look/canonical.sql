-- The profile that $segment_id belongs to now. Grain: at most one row.
select canonical_segment_id
from profile_merges
where segment_id = $segment_id;
