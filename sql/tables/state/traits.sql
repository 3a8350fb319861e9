-- The last write of every trait, removals included. Grain: one row a canonical profile and trait.
create table if not exists state.traits (
  profile     bigint not null,     -- canonical
  name        varchar not null,    -- column of the trait
  value       varchar,             -- as in user_traits; NULL: removed
  timestamp   timestamp not null,  -- event time of the write
  received_at timestamp not null,
  batch       integer not null,    -- of the message that wrote it; newest (timestamp, batch, ordinal) wins
  ordinal     integer not null
);
