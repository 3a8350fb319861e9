-- Group calls: a user joins an account. Grain: one row a message.
create table if not exists groups (
  id                 varchar not null using compression uncompressed,  -- messageId
  segment_id         varchar using compression uncompressed,           -- profile when the message came through; later merges do not change it; NULL: unresolved
  event_source_id    varchar not null,                                 -- source
  anonymous_id       varchar,                                          -- as sent
  user_id            varchar,                                          -- as sent
  received_at        timestamp not null,                               -- UTC; receipt, or batch time
  sent_at            timestamp,                                        -- as sent
  timestamp          timestamp not null,                               -- UTC; when it happened, corrected for a wrong clock
  original_timestamp timestamp,                                        -- as sent
  uuid_ts            timestamp not null,                               -- batch time
  group_id           varchar                                           -- account, as sent
                                                                       -- context_* and one column a trait, on demand
);
