-- The row of each SQL trait that was last sent. Grain: one row a trait and identifier ever returned.
create table if not exists state.trait_rows (
  trait    integer not null,  -- state.trait_runs.trait
  id_type  varchar not null,  -- user_id | email | anonymous_id
  id_value varchar not null,
  traits   varchar not null   -- JSON object of all columns but the identifier's; all null since the identifier is gone
);
