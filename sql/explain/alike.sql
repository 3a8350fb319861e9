-- Identifiers of the type that differ from $value only in how they are written. Grain: one row an identifier.
select type, value
from state.identifiers
where type = $type and folded(value) = folded($value) and not list_contains($values, value)
order by value
limit $count;
