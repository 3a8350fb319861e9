-- name: lifetime_value
-- id: user_id
-- description: what a customer has spent, in how many orders, under all identifiers they ever used
-- owner: crm@example.com
with customers as (
    select canonical_segment_id, min(value) as user_id
    from user_identifiers
    where type = 'user_id'
    group by canonical_segment_id
),
orders as (
    select id_graph.canonical_segment_id, cast(order_completed.total as decimal(18, 2)) as total
    from order_completed
    join id_graph using (segment_id)
)
select
    customers.user_id,
    sum(orders.total) as lifetime_value,
    count(*) as lifetime_orders
from customers
join orders using (canonical_segment_id)
group by customers.user_id
