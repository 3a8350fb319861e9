-- An identifier belongs to one canonical profile, the same in user_identifiers and external_id_mapping.
select type, value from user_identifiers group by type, value having count(*) > 1
union all
select external_id_type, external_id_value
from external_id_mapping
group by external_id_type, external_id_value
having count(*) > 1
union all
(
  select u.type, u.value
  from user_identifiers u
  anti join external_id_mapping m
    on m.external_id_type = u.type and m.external_id_value = u.value
    and m.canonical_segment_id = u.canonical_segment_id
)
union all
(
  select m.external_id_type, m.external_id_value
  from external_id_mapping m
  anti join user_identifiers u
    on m.external_id_type = u.type and m.external_id_value = u.value
    and m.canonical_segment_id = u.canonical_segment_id
);
