-- id_graph has one row a segment_id, and so has profile_merges.
select segment_id from id_graph group by segment_id having count(*) > 1
union all
select segment_id from profile_merges group by segment_id having count(*) > 1;
