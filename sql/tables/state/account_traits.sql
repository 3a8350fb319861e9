-- The last write of every trait of an account, and the last removal. Grain: at most two rows an account and trait.
-- Both stay under the account as it was then: what accounts merged since have is found by bringing theirs together.
create table if not exists state.account_traits (
  account     bigint not null,     -- not always canonical
  name        varchar not null,    -- column of the trait
  value       varchar,             -- text, as state.traits has it; NULL: the last removal
  timestamp   timestamp not null,  -- event time of the write
  received_at timestamp not null,
  batch       integer not null,    -- of the message that wrote it; newest (timestamp, batch, ordinal) wins
  ordinal     integer not null
);
