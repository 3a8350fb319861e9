-- The links of the profiles: which identifiers were carried together, by how many messages, first by which.
-- Grain: one row a profile and set of identifiers, in the order of their first messages.
with links as (
  select codes, count(*) as messages, min({'batch': batch, 'ordinal': ordinal}) as first
  from linking
  group by profile, codes
)
select codes, messages, first.batch as batch, first.ordinal as ordinal
from links
order by batch, ordinal;
