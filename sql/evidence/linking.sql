-- What each message links: the identifiers it mentioned that were used, if they are two at least. An identifier
-- that was dropped from the message, for whatever reason, links nothing there; nor does one that its profile got
-- only later. Grain: one row a message.
create or replace temp table linking as
with used as (
  select distinct s.profile, s.batch, s.ordinal, h.code
  from said m
  join stamped s using (batch, row)
  join held h
    on h.profile = s.profile and h.type = m.type and h.value = m.value
    and (h.batch < s.batch or (h.batch = s.batch and h.ordinal <= s.ordinal))
  anti join ops.resolution_log l
    on l.batch = s.batch and l.ordinal = s.ordinal and l.collection = 'users'
    and l.identifier_type = m.type and l.identifier_value = m.value
)
select profile, batch, ordinal, list(code order by code) as codes
from used
group by profile, batch, ordinal
having count(*) > 1;
