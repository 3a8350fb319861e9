-- The account that has an identifier, by the first of several spellings that any has. Grain: at most one row.
select canonical_segment_id
from account_identifiers
where type = $type and list_contains($values, value)
order by list_position($values, value)
limit 1;
