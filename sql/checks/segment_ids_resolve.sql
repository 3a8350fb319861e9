-- Every segment_id that a message is stamped with, an identifier was mapped to or a snapshot was taken of is a
-- profile of id_graph.
with stamped as (
  select segment_id from tracks
  union
  select segment_id from identifies
  union
  select segment_id from pages
  union
  select segment_id from screens
  union
  select segment_id from groups
  union
  select segment_id from aliases
  union
  select segment_id from external_id_mapping_updates
  union
  select segment_id from profile_traits_updates
)
select segment_id
from stamped
anti join id_graph using (segment_id)
where segment_id is not null;
