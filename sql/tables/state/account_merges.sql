-- Every change of an account's canonical, recursive ones included. Grain: one row a moved account and message.
create table if not exists state.account_merges (
  batch       integer not null,
  ordinal     integer not null,
  place       smallint not null,   -- among the rows of that message, oldest moved account first
  account     bigint not null,
  canonical   bigint not null,
  timestamp   timestamp not null,  -- event time of that message
  received_at timestamp not null
);
