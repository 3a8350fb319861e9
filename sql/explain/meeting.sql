-- Where the two sides have met on the shortest way. Grain: at most one row.
select a.node
from reached a
join reached b using (node)
where a.side = 'a' and b.side = 'b'
order by a.depth + b.depth, a.node
limit 1;
