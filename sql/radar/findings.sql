-- What the radar has found, what blocks first. Grain: one row a finding.
select severity, kind, segment_id, identifier_type, identifier_value, number, threshold, found_at, place, line
from ops.radar
order by
  severity,
  list_position(['profile_size', 'growth', 'bridge', 'shared'], kind),
  number desc,
  segment_id,
  identifier_type,
  identifier_value
limit $limit;
