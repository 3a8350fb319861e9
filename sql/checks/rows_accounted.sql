-- rows in = loaded + repaired + duplicate + rejected + filtered, for every file.
select file
from ops.files
where rows <> loaded + repaired + duplicate + rejected + filtered;
