-- How many messages were kept. Grain: one row.
select count(*) as messages
from state.messages;
