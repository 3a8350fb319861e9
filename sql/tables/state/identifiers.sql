-- Every identifier that is mapped. Grain: one row an identifier (type and value).
create table if not exists state.identifiers (
  hash          ubigint not null,    -- of (type, value): found by it, then compared in full
  type          varchar not null,
  value         varchar not null using compression uncompressed,  -- normalised; packing it costs more than it saves
  profile       bigint not null,     -- its owner now, canonical
  first_profile bigint not null,     -- the profile it was first mapped to
  mapped_at     timestamp not null,  -- time of the message that mapped it, for windows
  received_at   timestamp not null,  -- receipt of that message
  batch         integer not null,
  ordinal       integer not null,
  place         smallint not null    -- among the mappings of that message, strongest first
);
