-- The account each message is about. Grain: one row a kept message that carries an account's identifier.
create table if not exists state.account_owners (
  batch   integer not null,
  row     bigint not null,
  ordinal integer not null,
  account bigint            -- NULL: none of its identifiers could be used
);
