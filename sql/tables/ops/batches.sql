-- The ledger of batches. Grain: one row a batch; a step moves `stage` in its own transaction.
create table if not exists ops.batches (
  batch         integer not null,    -- 1, 2, 3 ... in the order of arrival
  kind          varchar not null,    -- files: uploads and events; traits: what compute made
  stage         varchar not null,    -- opened, loaded, resolved, materialized
  batch_time    timestamp not null,  -- UTC; `uuid_ts` of every row the batch writes; grows by 1 µs at least
  rules         varchar not null,    -- the identity rules it runs under, as text, for rebuild
  rules_hash    varchar not null,    -- SHA-256 of that text
  message_set   varchar,             -- folder of its Parquet parts below the store's message sets; NULL: none
  messages      bigint,              -- kept by load
  duplicates    bigint,              -- messages seen before, here or in an earlier batch
  rejects       bigint,              -- rows in ops.rejects
  unresolved    bigint,              -- messages without a usable identifier
  profiles      bigint,              -- created by resolve
  merges        bigint,              -- profiles merged away by resolve, recursive rows not counted
  demotions     bigint,              -- rows of ops.resolution_log
  snapshots     bigint,              -- rows of profile_traits_updates
  touched       bigint,              -- profiles whose current-state rows were written again
  trait_history varchar not null     -- every_batch | every_change: when profile_traits_updates gets a row; for rebuild
);
