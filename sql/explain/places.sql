-- Where these messages of one batch came from. Grain: one row a message.
select m.ordinal, m.row, m.message_id, f.path, m.line
from state.messages m
left join ops.files f using (file)
where m.batch = $batch and list_contains($ordinals, m.ordinal);
