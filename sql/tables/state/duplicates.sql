-- Input rows whose message id was seen before. Grain: one row an input row.
create table if not exists state.duplicates (
  batch      integer not null,
  file       integer not null,
  line       bigint not null,
  message_id varchar not null
);
