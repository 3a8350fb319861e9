-- Traits side by side. Grain: one row a profile ever canonical; one merged away stays as a tombstone without traits.
create table if not exists profile_traits (
  canonical_segment_id varchar not null using compression uncompressed,
  merged_to            varchar,                                          -- NULL: canonical today
  etl_ts               timestamp not null                                -- batch time of the batch that wrote this row
                                                                         -- one column a trait, on demand
);
