-- Every page a customer has seen, on whatever device and under whatever profile.
-- Grain: one row a page call. $type and $value: an identifier, for example email and jane@example.com.
with customer as (
  select canonical_segment_id from user_identifiers where type = $type and value = $value
)
select p.timestamp, p.name, p.event_source_id, p.segment_id, g.canonical_segment_id
from customer
join id_graph g using (canonical_segment_id)
join pages p using (segment_id)
order by p.timestamp, p.id;
