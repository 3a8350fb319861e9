-- Grain: one row an identifier, in the order of their codes.
select type, value, profile
from held
order by code;
