-- How far the radar has looked. Grain: one row, or none before the first look.
create table if not exists state.radar_looks (
  batch    integer not null,  -- newest batch it has seen
  settings varchar not null   -- SHA-256 of thresholds and identity rules; under others it looks at everything anew
);
