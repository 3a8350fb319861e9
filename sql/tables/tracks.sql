-- Track calls. Grain: one row a message; its properties are in the table of its event, under the same `id`.
-- That table has these columns too, and one column a property.
create table if not exists tracks (
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
  event              varchar not null,                                 -- name in snake case
  event_text         varchar not null                                  -- name as sent
                                                                       -- context_*: columns on demand
);
