-- Where the values of a column come from. Grain: one row a column and path; two paths in one column share it.
create table if not exists ops.column_sources (
  table_name  varchar not null,
  column_name varchar not null,
  path        varchar not null,  -- keys as sent, joined by dots
  batch       integer not null   -- that met it first
);
