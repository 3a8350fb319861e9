-- The latest taking of every path. Grain: one row a path.
select path, size, modified_ns, sha256, status, settings_hash
from ops.files
qualify row_number() over (partition by path order by file desc) = 1;
