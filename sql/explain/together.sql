-- What two profiles would hold as one. Grain: one row a type, and one, NULL, for the profiles merged away into them.
select type, count(*) as number
from state.identifiers
where profile in ($a, $b)
group by type
union all
select null, count(*) - 1
from state.profiles
where canonical in ($a, $b)
order by type nulls last;
