-- The traits of the account $segment_id. Grain: one row a trait.
with texts as (
  select columns(* exclude (canonical_segment_id, merged_to, seq, received_at, uuid_ts, timestamp))::varchar
  -- one column at least, for a table that has no trait yet
  from (select *, null as no_trait from account_traits where canonical_segment_id = $segment_id)
)
from (unpivot texts on columns(*) into name name value value)
order by name;
