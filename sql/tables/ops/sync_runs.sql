-- Publishing, run by run. Grain: one row a target and run.
create table if not exists ops.sync_runs (
  target     varchar not null,
  started_at timestamp not null,
  seconds    double not null,
  status     varchar not null,     -- success | partial | failed
  generation bigint not null,
  watermark  timestamp,            -- batch time up to which the target is complete
  rows       map(varchar, bigint), -- rows by table
  error      varchar
);
