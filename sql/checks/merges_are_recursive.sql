-- A profile is merged once it was created, and only into one that is not merged away at that moment: a merge of a
-- survivor comes with a row for every profile that had been merged into it.
with pointers as (
  select segment_id, canonical_segment_id, seq,
         lead(seq, 1, '9') over (partition by segment_id order by seq) as until
  from id_graph_updates
)
select p.segment_id
from pointers p
join pointers target
  on target.segment_id = p.canonical_segment_id and target.canonical_segment_id <> target.segment_id
where left(p.until, 16) > left(target.seq, 16);
