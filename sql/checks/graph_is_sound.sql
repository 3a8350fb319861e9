-- The graph that resolve keeps: an identifier has one owner, which is a canonical profile; a canonical profile is its
-- own, and every other is what the last of its merges says.
select type || ': two owners' as fault
from state.identifiers
group by type, value
having count(*) > 1
union all
select i.type || ': its owner was merged away'
from state.identifiers i
left join state.profiles p using (profile)
where p.canonical is distinct from i.profile
union all
select 'profile ' || p.profile || ': merged into one that was merged away'
from state.profiles p
left join state.profiles c on c.profile = p.canonical
where c.canonical is distinct from p.canonical
union all
select 'profile ' || p.profile || ': not what its last merge says'
from state.profiles p
left join (
  select profile, max_by(canonical, (batch, ordinal)) as canonical from state.merges group by profile
) last_merge using (profile)
where p.canonical <> coalesce(last_merge.canonical, p.profile);
