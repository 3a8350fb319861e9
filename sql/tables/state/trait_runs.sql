-- When each computed or SQL trait last ran, and how it went. Grain: one row a trait that is declared.
create table if not exists state.trait_runs (
  trait      integer not null,    -- number of the trait in this store
  kind       varchar not null,    -- computed | sql
  key        varchar not null,
  definition varchar not null,    -- SHA-256 of what it is made by; another one is another trait to make
  ran_at     timestamp not null,  -- the time of that run
  followed   integer not null,    -- newest batch it has seen
  moves_at   timestamp,           -- when a value may change by itself, because its window moves; NULL: never
  outcome    varchar not null,    -- done, or the code of what went wrong
  message    varchar,             -- the same for people
  rows       bigint               -- profiles or identifiers with a value; NULL: no good result yet
);
