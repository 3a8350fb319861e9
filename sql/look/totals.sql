-- What the store holds. Grain: one row.
select
  (select count(*) from ops.files where status = 'loaded') as files,
  (select count(*) from state.messages) as messages,
  (select count(*) from ops.rejects) as rejects,
  (select count(*) from state.identifiers) as identifiers,
  (select count(*) from state.profiles) as profiles_before_merging,
  (select count(*) from state.profiles where profile = canonical) as profiles,
  (select count(*) from state.accounts where account = canonical) as accounts,
  (select count(*) from account_memberships) as memberships,
  (select count(*) from ops.batches) as batches,
  (select max(batch_time) from ops.batches) as newest_batch;
