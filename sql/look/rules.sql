-- The identity rules that batches ran under, as text. Grain: one row a set of rules, in the order of their first batch.
select rules, rules_hash as hash, count(*) as batches, min(batch) as first, max(batch) as last
from ops.batches
group by rules, rules_hash
order by first;
