-- The contents that were loaded, under whatever name. Grain: one row a SHA-256.
select distinct sha256
from ops.files
where status = 'loaded' and sha256 is not null;
