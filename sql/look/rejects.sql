-- Rejected rows, newest file last; $file matches the end of a path, $reason exactly; NULL matches all. Grain: one row a rejected row.
select
  path,
  line,
  "column",
  reason,
  detail,
  raw
from ops.rejects
where ($file is null or path = $file or path like '%/' || $file)
  and ($reason is null or reason = $reason)
order by file, line
limit $limit;
