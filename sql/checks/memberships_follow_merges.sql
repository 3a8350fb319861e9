-- Every pair of a person and an account that was ever seen is one row of account_memberships, under the profile and the
-- account that they are now; there is no other row.
with said as (
  select distinct u.segment_id as canonical_segment_id, c.segment_id as account_segment_id
  from state.memberships m
  join state.profiles p using (profile)
  join state.profiles u on u.profile = p.canonical
  join state.accounts a on a.account = m.account
  join state.accounts c on c.account = a.canonical
), found as (
  select canonical_segment_id, account_segment_id from account_memberships
)
(from said except from found)
union all
(from found except from said)
union all
(select canonical_segment_id, account_segment_id from found group by all having count(*) > 1);
