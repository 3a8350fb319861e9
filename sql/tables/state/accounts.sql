-- Every account ever made. Grain: one row an account; numbers grow in the order of creation, apart from those of profiles.
create table if not exists state.accounts (
  account     bigint not null,
  segment_id  varchar not null,
  canonical   bigint not null,     -- the account it is merged into now, or itself
  batch       integer not null,    -- of the message that created it
  ordinal     integer not null,
  timestamp   timestamp not null,  -- event time of that message
  received_at timestamp not null
);
