-- The latest subscription of every address: the last event of each `_id`, as the property `id` is called because
-- the table has a column of that name already.
-- Grain: one row an address and channel.
select _id, type, status, timestamp
from channel_subscription_updated
qualify row_number() over (partition by _id, type order by timestamp desc, id desc) = 1
order by _id, type;
