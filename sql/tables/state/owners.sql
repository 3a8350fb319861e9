-- The profile each message is stamped with. Grain: one row a kept message.
create table if not exists state.owners (
  batch   integer not null,
  row     bigint not null,
  ordinal integer not null,
  profile bigint            -- NULL: no usable identifier
);
