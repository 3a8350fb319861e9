-- How a side has come to a node. Grain: at most one row.
select from_node, by_batch, by_ordinal, by_type, by_value
from reached
where side = $side and node = $node and depth > 0;
