-- The latest pointer of every profile touched. A merge writes a row for every profile it moves, recursively,
-- so the last row already points to a canonical one.
-- Grain: one row a segment_id. $time: batch time.
with pointers as (
  select u.*
  from id_graph_updates u semi join touched t on t.segment_id = u.segment_id
  qualify row_number() over (partition by u.segment_id order by u.seq desc) = 1
)
select segment_id, canonical_segment_id, uuid_ts, $time::timestamp as etl_ts, timestamp, seq
from pointers
