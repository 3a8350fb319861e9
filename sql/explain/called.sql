-- What these messages of one set are. Grain: one row a message.
select row, timestamp, type, coalesce(event, name) as event, source_slug
from read_parquet($files)
where row in $rows;
