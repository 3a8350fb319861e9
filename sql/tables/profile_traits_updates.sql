-- Traits as they were at the end of each batch that changed them. Append-only. Grain: one row a canonical profile and change.
create table if not exists profile_traits_updates (
  id                                   varchar not null using compression zstd,          -- unique, the same on every rebuild
  segment_id                           varchar not null using compression uncompressed,  -- profile, canonical at that time
  triggering_event_id                  varchar not null using compression uncompressed,  -- last message that changed it
  triggering_event_name                varchar,
  triggering_event_type                varchar not null,
  triggering_event_source_id           varchar not null,
  triggering_event_source_name         varchar not null,
  triggering_event_source_slug         varchar not null,
  received_at                          timestamp not null,                               -- UTC; receipt of that message
  timestamp                            timestamp not null,                               -- UTC; its event time
  uuid_ts                              timestamp not null,                               -- batch time
  seq                                  varchar not null using compression zstd           -- 20 digits: batch, message, row
                                                                                         -- one column a trait, on demand: its full state
);
