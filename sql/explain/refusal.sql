-- One mention of the log. Grain: one row a reason it was dropped for, which is one.
select batch, ordinal, identifier_type, identifier_value, reason, violated_type, segment_id
from ops.resolution_log
where collection = 'users' and batch = $batch and ordinal = $ordinal
  and identifier_type = $type and identifier_value = $value;
