-- What is known of each profile today. Grain: one row a canonical profile and trait; a removed trait has none.
create table if not exists user_traits (
  canonical_segment_id varchar not null using compression uncompressed,
  name                 varchar not null,                                 -- as the column of profile_traits
  value                varchar not null,                                 -- text; JSON of an array; true or false; ISO-8601 UTC of a time
  seq                  varchar not null using compression zstd,          -- of the message that wrote it last
  received_at          timestamp not null,
  uuid_ts              timestamp not null,                               -- its batch time
  timestamp            timestamp not null                                -- its event time
);
