-- The owner of every identifier today. Grain: one row an identifier.
create table if not exists external_id_mapping (
  canonical_segment_id varchar not null using compression uncompressed,
  external_id_value    varchar not null,
  external_id_type     varchar not null,
  external_id_hash     varchar not null using compression zstd,          -- SHA-1 of type and value, lower-case hex
  timestamp            timestamp not null,                               -- event time of the message that first carried it
  uuid_ts              timestamp not null                                -- batch time of that message
);
