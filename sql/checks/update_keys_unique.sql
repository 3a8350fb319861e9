-- `id` and `seq` name one row of each table of updates.
select id from id_graph_updates group by id having count(*) > 1
union all
select seq from id_graph_updates group by seq having count(*) > 1
union all
select id from external_id_mapping_updates group by id having count(*) > 1
union all
select seq from external_id_mapping_updates group by seq having count(*) > 1
union all
select id from profile_traits_updates group by id having count(*) > 1
union all
select seq from profile_traits_updates group by seq having count(*) > 1;
