-- How much the radar has found. Grain: one row a severity and kind.
select severity, kind, count(*) as findings
from ops.radar
group by severity, kind
order by severity, list_position(['profile_size', 'growth', 'bridge', 'shared'], kind);
