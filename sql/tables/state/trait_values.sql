-- The value of each computed trait that was last sent. Grain: one row a trait and canonical profile that has been sent one.
create table if not exists state.trait_values (
  trait   integer not null,  -- state.trait_runs.trait
  profile bigint not null,   -- state.profiles.profile
  value   varchar            -- JSON, null where it was removed; NULL: to be sent again whatever it is, since profiles were merged
);
