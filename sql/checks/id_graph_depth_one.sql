-- Every pointer of id_graph leads to a canonical profile, never to one that is itself merged away.
select g.segment_id
from id_graph g
left join id_graph target on target.segment_id = g.canonical_segment_id
where target.canonical_segment_id is distinct from g.canonical_segment_id;
