-- What identifies each profile today. Grain: one row an identifier.
create table if not exists user_identifiers (
  canonical_segment_id varchar not null using compression uncompressed,
  type                 varchar not null,
  value                varchar not null,
  seq                  varchar not null using compression zstd,          -- of the row of external_id_mapping_updates
  received_at          timestamp not null,
  uuid_ts              timestamp not null,
  timestamp            timestamp not null
);
