-- What is found anew: whatever was found of the changed profiles, of any profile's growth, of identifiers that are found
-- again. Grain: one row a finding.
delete from ops.radar
where kind = 'growth'
  or segment_id in (
    select p.segment_id
    from state.profiles p
    semi join (select segment_id from ops.radar) r using (segment_id)
    semi join changed c on c.profile = p.canonical
  )
  or (kind = 'shared' and (identifier_type, identifier_value) in (select (type, value) from found where kind = 'shared'));
