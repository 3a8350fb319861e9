-- The latest pointer of every profile. Grain: one row a segment_id ever created; every target is canonical.
create table if not exists id_graph (
  segment_id           varchar not null using compression uncompressed,
  canonical_segment_id varchar not null using compression uncompressed,
  uuid_ts              timestamp not null,                               -- batch time of the change
  etl_ts               timestamp not null,                               -- batch time of the batch that wrote this row
  timestamp            timestamp not null,                               -- event time of the change
  seq                  varchar not null using compression zstd
);
