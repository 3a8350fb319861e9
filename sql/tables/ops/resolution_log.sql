-- Every identifier that was not used, and every message that resolved to nobody. Grain: one row a demotion, block, cap or failure.
create table if not exists ops.resolution_log (
  batch            integer not null,
  ordinal          integer not null,  -- place of the message in the batch
  message_id       varchar not null,
  collection       varchar not null,  -- users | accounts
  identifier_type  varchar,           -- what was dropped; NULL: the message as a whole
  identifier_value varchar,
  violated_type    varchar,           -- the type whose limit was hit; NULL: a cap, a block or a failure
  reason           varchar not null,  -- Segment's names, spec identity-resolution section 5.3
  segment_id       varchar            -- the profile, or of accounts the account, the message is stamped with; NULL: none
);
