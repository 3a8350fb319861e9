-- The changed profiles that hold $least identifiers or more; all are looked at, if $all. Grain: one row a profile.
create or replace temp table large as
select profile, count(*) as number
from state.identifiers
where $all or profile in (select profile from changed)
group by profile
having count(*) >= $least;
