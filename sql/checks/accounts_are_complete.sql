-- account_traits has one row an account ever made; merged_to is set exactly on those merged away, leads to one that is
-- not, and takes the traits with it.
select canonical_segment_id from account_traits group by canonical_segment_id having count(*) > 1
union all
(
  select coalesce(t.canonical_segment_id, a.segment_id)
  from account_traits t
  full join state.accounts a on a.segment_id = t.canonical_segment_id
  left join state.accounts c on c.account = a.canonical
  where t.canonical_segment_id is null or a.segment_id is null
    or t.merged_to is distinct from nullif(c.segment_id, a.segment_id)
)
union all
(
  select t.canonical_segment_id
  from account_traits t
  join account_traits target on target.canonical_segment_id = t.merged_to
  where target.merged_to is not null
)
union all
(
  with texts as (
    select canonical_segment_id,
           columns(* exclude (canonical_segment_id, merged_to, seq, received_at, uuid_ts, timestamp))::varchar
    -- one column at least, for a table that has no trait yet
    from (select *, null as no_trait from account_traits where merged_to is not null)
  )
  select canonical_segment_id
  from (unpivot texts on columns(* exclude (canonical_segment_id)) into name name value value)
);
