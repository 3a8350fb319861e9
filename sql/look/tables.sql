-- The columns of the space's tables. Grain: one row a column, in the order of tables and columns.
select table_name as "table", column_name as "column", data_type as type
from duckdb_columns()
where database_name = current_database() and schema_name = current_schema()
order by table_name, column_index;
