-- What identifies each account today: its group ids. Grain: one row an identifier.
-- An account is made by the first message that carries its group id, whatever the call; group ids join accounts by the
-- rules that join profiles, and never join profiles.
create table if not exists account_identifiers (
  canonical_segment_id varchar not null,    -- account
  type                 varchar not null,    -- group_id
  value                varchar not null,    -- normalised as the rules say
  seq                  varchar not null,    -- of the message that carried it first: 20 digits: batch, message, row
  received_at          timestamp not null,  -- UTC; receipt of that message
  uuid_ts              timestamp not null,  -- its batch time
  timestamp            timestamp not null   -- its event time
);
