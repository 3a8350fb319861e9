-- How many rows `rejects.sql` would find without a limit. Grain: one row.
select count(*) as rows
from ops.rejects
where ($file is null or path = $file or path like '%/' || $file)
  and ($reason is null or reason = $reason);
