-- Which profile every touched profile has become: the same last rows of the graph log as id_graph, as Segment's
-- materialised table has them.
-- Grain: one row a segment_id.
with pointers as (
  select u.*
  from id_graph_updates u semi join touched t on t.segment_id = u.segment_id
  qualify row_number() over (partition by u.segment_id order by u.seq desc) = 1
)
select canonical_segment_id, segment_id, seq, received_at, uuid_ts, timestamp
from pointers
