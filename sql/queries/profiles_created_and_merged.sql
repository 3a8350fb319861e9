-- How many profiles were created and merged in each hour, and by which calls.
-- Grain: one row an hour, change and type of call.
select date_trunc('hour', timestamp) as hour,
       case when canonical_segment_id = segment_id then 'profile creation' else 'profile merge' end as change,
       triggering_event_type,
       count(distinct triggering_event_id) as messages,
       count(*) as profiles
from id_graph_updates
group by all
order by hour, change, triggering_event_type;
