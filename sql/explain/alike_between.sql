-- Identifiers of two profiles that differ only in how they are written. Grain: one row a pair.
select a.type, a.value, b.value as other
from state.identifiers a
join state.identifiers b on a.type = b.type and folded(a.value) = folded(b.value)
where a.profile = $a and b.profile = $b
order by a.type, a.value, b.value
limit $count;
