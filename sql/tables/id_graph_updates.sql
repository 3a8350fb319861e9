-- Profile creation and merging. Append-only. Grain: one row a creation, or a change of a profile's canonical.
create table if not exists id_graph_updates (
  id                           varchar not null using compression zstd,          -- unique, the same on every rebuild
  segment_id                   varchar not null using compression uncompressed,  -- profile
  canonical_segment_id         varchar not null using compression uncompressed,  -- profile it maps to after this change; itself when created
  triggering_event_id          varchar not null using compression uncompressed,  -- message that caused it
  triggering_event_name        varchar,                                          -- its event, if it is a track call
  triggering_event_type        varchar not null,                                 -- its call: identify, track, page, screen, group, alias
  triggering_event_source_id   varchar not null,
  triggering_event_source_name varchar not null,
  triggering_event_source_slug varchar not null,
  received_at                  timestamp not null,                               -- UTC; receipt of that message
  timestamp                    timestamp not null,                               -- UTC; its event time
  uuid_ts                      timestamp not null,                               -- batch time
  seq                          varchar not null using compression zstd           -- 20 digits: batch, message, row; orders all changes
);
