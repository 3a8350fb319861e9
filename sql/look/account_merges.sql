-- The accounts merged into $segment_id, and when. Grain: one row an account.
select canonical_segment_id as account, timestamp as merged_at
from account_traits
where merged_to = $segment_id
order by seq, account;
