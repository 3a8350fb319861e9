-- Every row of tracks has its row in the table of its event: the tables have as many rows as tracks has of them.
with tracked as (
  select event, count(*) as messages from tracks group by event
), landed as (
  select table_name, estimated_size as messages
  from duckdb_tables()
  where database_name = current_database() and schema_name = current_schema()
)
select t.event
from tracked t
left join landed l on l.table_name in (t.event, '_' || t.event) and l.messages = t.messages
where l.table_name is null;
