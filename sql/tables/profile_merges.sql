-- Which profile every profile has become. Grain: one row a segment_id ever created.
create table if not exists profile_merges (
  canonical_segment_id varchar not null using compression uncompressed,  -- itself, or the profile it was merged into
  segment_id           varchar not null using compression uncompressed,
  seq                  varchar not null using compression zstd,          -- of the row of id_graph_updates that says so
  received_at          timestamp not null,
  uuid_ts              timestamp not null,
  timestamp            timestamp not null
);
