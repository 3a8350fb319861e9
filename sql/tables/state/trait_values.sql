-- The value of each computed trait that was last sent. Grain: one row a trait and canonical profile with a value.
create table if not exists state.trait_values (
  trait   integer not null,  -- state.trait_runs.trait
  profile bigint not null,   -- state.profiles.profile
  value   varchar            -- JSON; NULL: to be sent again whatever it is, because profiles were merged
);
