-- A profile has the same traits in user_traits and, as columns that are not NULL, in profile_traits.
with texts as (
  select canonical_segment_id, columns(* exclude (canonical_segment_id, merged_to, etl_ts))::varchar
  -- one column at least, for a table that has no trait yet
  from (select *, null as no_trait from profile_traits where merged_to is null)
), wide as (
  select canonical_segment_id, name
  from (unpivot texts on columns(* exclude (canonical_segment_id)) into name name value value)
)
(from wide except select canonical_segment_id, name from user_traits)
union all
(select canonical_segment_id, name from user_traits except from wide);
