-- Every change of a profile's canonical, recursive ones included. Grain: one row a moved profile and message.
create table if not exists state.merges (
  batch     integer not null,
  ordinal   integer not null,
  place     smallint not null,  -- among the rows of that message, oldest moved profile first
  profile   bigint not null,
  canonical bigint not null
);
