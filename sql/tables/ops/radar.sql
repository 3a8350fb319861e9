-- Suspicious profiles and identifiers, as of the newest batch that touched them. Grain: one row a finding.
-- What `number` counts: of profile_size the identifiers held; of growth those gained by the newest batch of files;
-- of bridge those in the second largest part that the identifier alone holds; of shared the profiles whose messages
-- had to drop it.
create table if not exists ops.radar (
  kind             varchar not null,    -- profile_size | growth | bridge | shared
  severity         varchar not null,    -- warn | block: nothing is published while there is one
  segment_id       varchar,             -- canonical profile; NULL: shared
  identifier_type  varchar,             -- bridge, shared: the identifier; growth: the type that grew most
  identifier_value varchar,
  number           bigint not null,     -- what was found, see above
  threshold        bigint not null,     -- of the space file, which the number has reached
  batch            integer not null,    -- newest batch when it was looked at
  found_at         timestamp not null,  -- time of that batch
  place            varchar,             -- where in the space file the line belongs; NULL: nothing to propose
  line             varchar              -- YAML
);
