-- Both ends of a membership are there and merged into nobody: the profile in id_graph, the account in account_traits.
select m.canonical_segment_id, m.account_segment_id
from account_memberships m
left join id_graph g on g.segment_id = m.canonical_segment_id
left join account_traits a on a.canonical_segment_id = m.account_segment_id
where g.canonical_segment_id is distinct from m.canonical_segment_id
  or a.canonical_segment_id is null
  or a.merged_to is not null
  or m.first_seen > m.last_seen;
