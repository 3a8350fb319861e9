-- The identifiers of the account $segment_id. Grain: one row an identifier.
select type, value, timestamp as since
from account_identifiers
where canonical_segment_id = $segment_id
order by seq;
