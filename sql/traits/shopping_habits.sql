-- name: shopping_habits
-- id: user_id
-- schedule: 0 6 * * *
-- description: where a customer mostly buys, how long ago the last time was, and whether they are slipping away
-- owner: crm@example.com
with customers as (
    select canonical_segment_id, min(value) as user_id
    from user_identifiers
    where type = 'user_id'
    group by canonical_segment_id
),
orders as (
    select id_graph.canonical_segment_id, order_completed.channel, order_completed.timestamp
    from order_completed
    join id_graph using (segment_id)
),
by_channel as (
    select canonical_segment_id, channel, count(*) as orders
    from orders
    where channel is not null
    group by canonical_segment_id, channel
),
favourites as (
    select canonical_segment_id, channel as favourite_channel
    from by_channel
    qualify row_number() over (partition by canonical_segment_id order by orders desc, channel) = 1
),
latest as (
    select canonical_segment_id, date_diff('day', cast(max(timestamp) as date), current_date) as days_since_last_order
    from orders
    group by canonical_segment_id
)
select
    customers.user_id,
    favourites.favourite_channel,
    latest.days_since_last_order,
    latest.days_since_last_order > 60 as is_lapsing
from customers
join latest using (canonical_segment_id)
left join favourites using (canonical_segment_id)
