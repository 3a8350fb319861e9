-- The batches those messages came in, with the rules they ran under. Grain: one row a batch.
select batch, rules, message_set
from ops.batches
semi join stamped using (batch)
where message_set is not null
order by batch;
