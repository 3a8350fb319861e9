-- A power-law crowd: one row per event, every column a function of the event's number `i` and the seed.
-- Parameters (session variables): events, seed.
--
-- Devices are a quarter of the events. Each is seen at least once (`turn` walks all events in a scattered
-- order), the rest of the events go to few devices. A device belongs to a person; one login in 200 is
-- somebody else's. About six persons in ten have an account. Measured: 0.4 distinct identifiers an event.

create or replace macro chance(i, salt) as
    (hash(i * 64 + salt + getvariable('seed') * 1000003) >> 11) / 9007199254740992.0;

create or replace temp view numbered as
select
    i,
    (i * 7368787 + 12345) % getvariable('events') as turn,
    (getvariable('events') * 0.27)::bigint as devices,
    (getvariable('events') * 0.15)::bigint as people
from range(getvariable('first')::bigint, getvariable('last')::bigint) as numbers (i);

create or replace temp view placed as
select
    *,
    if(turn < devices, turn, (devices * pow(chance(i, 1), 2.5))::bigint) as device,
    chance(i, 2) as kind_draw,
    chance(i, 3) as login_draw,
    timestamp '2026-01-01' + to_microseconds(
        ((i + chance(i, 4) * 5000) * 7776000000 / getvariable('events'))::bigint * 1000
    ) as happened
from numbered;

create or replace temp view owned as
select
    *,
    ((people * pow(chance(device, 5), 1.3))::bigint + if(chance(i, 6) < 0.005, 1, 0)) % people as person,
    case
        when kind_draw < 0.70 then 'track'
        when kind_draw < 0.85 then 'page'
        when kind_draw < 0.88 then 'screen'
        else 'identify'
    end as type
from placed;

create or replace temp view drawn as
select
    *,
    chance(person, 7) < 0.62 as has_account,
    (type = 'identify' or login_draw < 0.45) and chance(person, 7) < 0.62 as logged_in,
    ['Product Viewed', 'Product Added', 'Product List Viewed', 'Search Performed', 'Order Completed',
     'Cart Viewed', 'Checkout Started', 'Coupon Applied', 'Wishlist Added', 'Review Submitted',
     'Video Played', 'Support Chat Opened'][1 + (12 * pow(chance(i, 8), 2.2))::integer % 12] as event_name,
    (chance(i, 9) * 5000)::bigint as product,
    md5(i::varchar || '-' || getvariable('seed')::varchar) as digest,
    'u' || lpad(((person * 48271) % 2147483647)::varchar, 10, '0') as user_name
from owned;

create or replace temp view events as
select
    type,
    digest[1:8] || '-' || digest[9:12] || '-' || digest[13:16] || '-' || digest[17:20] || '-' || digest[21:32] as message_id,
    if(logged_in and login_draw < 0.05, null, md5('device' || device::varchar)[1:24]) as anonymous_id,
    if(logged_in, user_name, null) as user_id,
    if(type = 'track', event_name, null) as event,
    if(type in ('page', 'screen'), ['Home', 'List', 'Product', 'Cart', 'Account'][1 + product % 5], null) as name,
    if(type = 'identify' and (has_account or login_draw < 0.5),
        user_name || if(chance(i, 10) < 0.15, '.work', '') || '@example.com', null) as email,
    if(type = 'identify', ['Ada', 'Björn', 'Chloé', 'Dagny', 'Émile', 'Fátima'][1 + person % 6], null) as first_name,
    if(type = 'identify', ['free', 'plus', 'team'][1 + product % 3], null) as plan,
    if(type = 'identify', (chance(i, 11) * 200)::bigint, null) as logins,
    if(type = 'track', 'sku-' || product, null) as product_id,
    if(type = 'track', round(5 + chance(i, 12) * 200, 2), null) as price,
    if(type = 'track', 1 + product % 4, null) as quantity,
    if(type = 'track', ['EUR', 'USD', 'GBP'][1 + product % 3], null) as currency,
    if(type in ('page', 'screen'), '/shop/' || product, null) as path,
    ['en-US', 'fr-FR', 'de-DE', 'sv-SE'][1 + device % 4] as locale,
    '10.' || device % 250 || '.' || person % 250 || '.7' as ip,
    happened,
    happened + to_milliseconds(200 + (chance(i, 13) * 3000)::bigint) as received_at
from drawn;
