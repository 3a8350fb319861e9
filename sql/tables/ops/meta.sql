-- What this store is. Grain: one row a fact.
create table if not exists ops.meta (
  key   varchar not null,  -- space | store_version | generation
  value varchar not null
);
