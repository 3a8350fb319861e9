-- The first $count messages of some links, each given as its identifiers' codes. Grain: one row a message.
select batch, ordinal, codes
from linking
where list_contains($links::bigint[][], codes)
order by batch, ordinal
limit $count;
