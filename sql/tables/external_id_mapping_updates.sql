-- Identifiers when first observed. Append-only; a merge adds no row. Grain: one row an identifier.
create table if not exists external_id_mapping_updates (
  id                           varchar not null using compression zstd,          -- unique, the same on every rebuild
  segment_id                   varchar not null using compression uncompressed,  -- profile it was attached to then
  external_id_type             varchar not null,                                 -- user_id, email, anonymous_id ...
  external_id_value            varchar not null,                                 -- normalised as the rules say
  external_id_hash             varchar not null using compression zstd,          -- SHA-1 of type and value, lower-case hex
  triggering_event_id          varchar not null using compression uncompressed,  -- message that carried it
  triggering_event_name        varchar,
  triggering_event_type        varchar not null,
  triggering_event_source_id   varchar not null,
  triggering_event_source_name varchar not null,
  triggering_event_source_slug varchar not null,
  received_at                  timestamp not null,                               -- UTC; receipt of that message
  timestamp                    timestamp not null,                               -- UTC; its event time
  uuid_ts                      timestamp not null,                               -- batch time
  seq                          varchar not null using compression zstd           -- 20 digits: batch, message, row
);
