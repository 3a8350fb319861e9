-- Every profile ever created. Grain: one row a profile; numbers grow in the order of creation, so the lesser is the older.
create table if not exists state.profiles (
  profile    bigint not null,
  segment_id varchar not null using compression uncompressed,
  canonical  bigint not null,                                  -- the profile it is merged into now, or itself
  batch      integer not null,                                 -- of the message that created it
  ordinal    integer not null
);
