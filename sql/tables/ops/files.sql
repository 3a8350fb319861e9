-- Every input file ever looked at. Grain: one row a file and taking; rows = loaded + repaired + duplicate + rejected + filtered.
create table if not exists ops.files (
  file          integer not null,  -- number, in the order of taking
  batch         integer,           -- the batch that took it; of a duplicate or refused one, the batch that looked
  kind          varchar not null,  -- profiles | events
  path          varchar not null,  -- from the space file's folder, with /
  sha256        varchar,           -- of the uncompressed bytes; NULL: could not be read
  size          bigint,            -- bytes on disk
  modified_ns   bigint,            -- with path and size it spares hashing again
  settings_hash varchar,           -- of the input's settings; a refused file is tried again when they change
  source        varchar,           -- event_source_slug
  status        varchar not null,  -- loaded | duplicate | refused
  rows          bigint not null,   -- blank lines are not rows
  loaded        bigint not null,
  repaired      bigint not null,   -- loaded with a doubt resolved, e.g. a time without zone taken as UTC
  duplicate     bigint not null,   -- message seen before
  rejected      bigint not null,   -- see ops.rejects
  filtered      bigint not null,   -- kept out by the sender's own wish (integrations)
  code          varchar,           -- why refused
  message       varchar,           -- the same for people
  loaded_at     timestamp not null -- batch time
);
