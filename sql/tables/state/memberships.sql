-- Who was said to belong to which account. Grain: one row a pair as it was stamped then; neither need be canonical now.
create table if not exists state.memberships (
  profile     bigint not null,
  account     bigint not null,
  first_seen  timestamp not null,  -- earliest event time of the messages that say so
  timestamp   timestamp not null,  -- event time of the newest of them, by (timestamp, batch, ordinal)
  received_at timestamp not null,
  batch       integer not null,    -- of that message
  ordinal     integer not null,
  changed     integer not null     -- the last batch that had such a message, be it a late one
);
