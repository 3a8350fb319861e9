-- What became of every input row. Grain: one row an input row of a loaded file; filtered rows are counted in ops.files only.
create view if not exists ops.receipts as
select f.file, f.path, m.line, case when m.repaired then 'repaired' else 'loaded' end as status,
       cast(null as varchar) as reason, m.message_id, p.segment_id
from state.messages m
join ops.files f using (file)
left join state.owners o on o.batch = m.batch and o.ordinal = m.ordinal
left join state.profiles p using (profile)
union all
select f.file, f.path, d.line, 'duplicate', 'message seen before', d.message_id, null
from state.duplicates d join ops.files f using (file)
union all
select r.file, r.path, r.line, 'rejected', r.reason, null, null
from ops.rejects r;
