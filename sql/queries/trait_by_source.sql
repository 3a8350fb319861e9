-- Where the e-mail address of each customer comes from: the value each source sent, under the profile it was sent
-- for then and the one that profile belongs to now.
-- Grain: one row a profile, source and value.
select g.canonical_segment_id, i.segment_id, i.event_source_id, i.email,
       min(i.timestamp) as first_sent, max(i.timestamp) as last_sent
from identifies i
join id_graph g using (segment_id)
where i.email is not null
group by all
order by g.canonical_segment_id, first_sent, i.segment_id, i.event_source_id, i.email;
