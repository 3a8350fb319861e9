-- user_traits has one row a canonical profile and trait, and no row of a profile merged away.
select canonical_segment_id from user_traits group by canonical_segment_id, name having count(*) > 1
union all
(
  select t.canonical_segment_id
  from user_traits t
  anti join (from id_graph where canonical_segment_id = segment_id) g
    on g.segment_id = t.canonical_segment_id
);
