-- Why messages that brought an identifier did not use it. Grain: one row a reason.
select reason, count(*) as messages
from ops.resolution_log
where collection = 'users' and identifier_type = $type and list_contains($values, identifier_value)
group by reason
order by messages desc, reason;
