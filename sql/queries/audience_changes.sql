-- Who entered and left an audience, and when: an audience is a boolean trait, here `is_lapsing`.
-- Grain: one row an entry or exit.
with sent as (
  select g.canonical_segment_id, i.timestamp, i.id, i.is_lapsing,
         lag(i.is_lapsing) over (partition by g.canonical_segment_id order by i.timestamp, i.id) as before
  from identifies i
  join id_graph g using (segment_id)
  where i.is_lapsing is not null
)
select canonical_segment_id, timestamp, case when is_lapsing then 'entered' else 'left' end as change
from sent
where is_lapsing is distinct from coalesce(before, false)
order by timestamp, id;
