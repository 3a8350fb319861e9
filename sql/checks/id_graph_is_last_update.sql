-- id_graph and profile_merges are the last row of every profile in id_graph_updates.
with latest as (
  select segment_id, max_by(canonical_segment_id, seq) as canonical_segment_id, max(seq) as seq
  from id_graph_updates
  group by segment_id
)
(select * from latest except select segment_id, canonical_segment_id, seq from id_graph)
union all
(select segment_id, canonical_segment_id, seq from id_graph except select * from latest)
union all
(select segment_id, canonical_segment_id, seq from profile_merges except select * from latest)
union all
(select * from latest except select segment_id, canonical_segment_id, seq from profile_merges);
