-- The owner of an identifier is the profile it was first mapped to, or what that one was merged into since.
select m.external_id_hash
from external_id_mapping m
left join external_id_mapping_updates u using (external_id_hash)
left join id_graph g on g.segment_id = u.segment_id
where g.canonical_segment_id is distinct from m.canonical_segment_id;
