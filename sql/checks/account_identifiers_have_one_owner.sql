-- An identifier of accounts belongs to one account, which is not merged away, and none that was mapped is missing.
select type, value from account_identifiers group by type, value having count(*) > 1
union all
(
  select i.type, i.value
  from account_identifiers i
  anti join (from account_traits where merged_to is null) a using (canonical_segment_id)
)
union all
(
  select i.type, i.value
  from state.account_identifiers i
  join state.accounts a using (account)
  anti join account_identifiers t
    on t.type = i.type and t.value = i.value and t.canonical_segment_id = a.segment_id
)
union all
(select type, value from account_identifiers except select type, value from state.account_identifiers);
