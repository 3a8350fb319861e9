-- A message is one row of one event table, and every kept message is.
with landed as (
  select id from tracks
  union all
  select id from identifies
  union all
  select id from pages
  union all
  select id from screens
  union all
  select id from groups
  union all
  select id from aliases
), kept as (
  select m.message_id as id
  from state.messages m
  semi join (select batch from ops.batches where stage = 'materialized') done using (batch)
)
select id from landed group by id having count(*) > 1
union all
(select id from landed except select id from kept)
union all
(select id from kept except select id from landed);
