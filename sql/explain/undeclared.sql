-- How many messages brought a type that was not declared then. Grain: one row.
select count(*) as messages
from ops.resolution_log
where identifier_type = $type and identifier_value is null;
