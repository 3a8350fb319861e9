-- profile_traits has one row a profile of id_graph; merged_to is set exactly on those merged away.
select canonical_segment_id from profile_traits group by canonical_segment_id having count(*) > 1
union all
(select canonical_segment_id from profile_traits except select segment_id from id_graph)
union all
(select segment_id from id_graph except select canonical_segment_id from profile_traits)
union all
(
  select p.canonical_segment_id
  from profile_traits p
  join id_graph g on g.segment_id = p.canonical_segment_id
  where p.merged_to is distinct from nullif(g.canonical_segment_id, g.segment_id)
);
