-- The latest pointer of every profile touched. A merge writes a row for every profile it moves, recursively, and
-- always to an older one: a profile never comes back to a canonical it had, so the row that names today's is the last.
-- Grain: one row a segment_id. $time: batch time.
select u.segment_id, u.canonical_segment_id, u.uuid_ts, $time::timestamp as etl_ts, u.timestamp, u.seq
from id_graph_updates u
join touched t on t.segment_id = u.segment_id and t.canonical_segment_id = u.canonical_segment_id
