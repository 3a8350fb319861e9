-- Which profile every touched profile has become: the same last rows of the graph log as id_graph, found the same way,
-- as Segment's materialised table has them.
-- Grain: one row a segment_id.
select u.canonical_segment_id, u.segment_id, u.seq, u.received_at, u.uuid_ts, u.timestamp
from id_graph_updates u
join touched t on t.segment_id = u.segment_id and t.canonical_segment_id = u.canonical_segment_id
