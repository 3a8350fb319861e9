-- external_id_mapping_updates has one row an identifier, under the SHA-1 of its type and value.
select external_id_hash
from external_id_mapping_updates
group by external_id_hash
having count(*) > 1
union all
select external_id_hash
from external_id_mapping_updates
where external_id_hash <> sha1(external_id_type || external_id_value);
