-- The profiles that these segment ids belong to now. Grain: one row a segment id.
select p.segment_id, c.profile, c.segment_id as canonical
from state.profiles p
join state.profiles c on c.profile = p.canonical
where p.segment_id in $segment_ids;
