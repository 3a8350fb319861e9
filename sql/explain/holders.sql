-- Who holds identifiers of these types with these values: one scan for all that are asked about.
-- Grain: one row an identifier.
select i.type, i.value, i.profile, p.segment_id
from state.identifiers i
join state.profiles p using (profile)
where i.type in $types and i.value in $values;
