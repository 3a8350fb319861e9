-- Every row that was not taken, with its text. Grain: one row a rejected input row.
create table if not exists ops.rejects (
  batch    integer not null,
  file     integer not null,  -- ops.files.file
  path     varchar not null,
  line     bigint not null,   -- 1-based line where the row starts
  "column" varchar,           -- column or field at fault, if one is
  reason   varchar not null,  -- code
  detail   varchar,           -- what was expected
  raw      varchar            -- the row as it stood
);
