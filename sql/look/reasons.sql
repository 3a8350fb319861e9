-- Why rows of the batches $batches (NULL: all) were rejected, with one place to look at. Grain: one row a reason and column.
select
  reason,
  "column",
  count(*) as rows,
  count(distinct file) as files,
  min_by(path || ':' || line, (file, line)) as example
from ops.rejects
where $batches is null or list_contains($batches, batch)
group by reason, "column"
order by rows desc, reason, "column" nulls first;
