-- Traits whose last run failed; they keep the values they had. Grain: one row a trait.
select key, kind, outcome
from state.trait_runs
where outcome <> 'done'
order by kind, key;
