-- What a search from two sides has come to: profiles, identifiers nobody holds, messages that are nobody's.
-- Grain: one row a side and node; `from_node` and the mention of the log that led on from it are those of the way.
create or replace temp table reached (
  side       varchar not null,
  depth      integer not null,
  node       varchar not null,
  profile    bigint,            -- a profile
  type       varchar,           -- or an identifier
  value      varchar,
  batch      integer,           -- or a message
  ordinal    integer,
  from_node  varchar,
  by_batch   integer,
  by_ordinal integer,
  by_type    varchar,
  by_value   varchar
);
