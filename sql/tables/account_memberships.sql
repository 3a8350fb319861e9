-- Who belongs to which account: many to many, and for good, as nothing takes a person out of a group.
-- Grain: one row a profile and account, both canonical.
-- A Group call makes its user a member, and so does a row of an upload that has a group_id; other calls with a group id
-- say where something happened, not who belongs there. The user may be anonymous: the membership belongs to the profile
-- and follows it, and the account, through merges. Where a merge makes two memberships one, it is as old as the older and
-- as new as the newer. A message that resolved to no profile, or to no account, makes none.
create table if not exists account_memberships (
  canonical_segment_id varchar not null,    -- profile of the user
  account_segment_id   varchar not null,    -- canonical_segment_id of the account's tables
  first_seen           timestamp not null,  -- UTC; earliest event time of the messages that say so
  last_seen            timestamp not null,  -- latest
  seq                  varchar not null,    -- of the message of last_seen: 20 digits: batch, message, row
  received_at          timestamp not null,  -- UTC; receipt of that message
  uuid_ts              timestamp not null   -- its batch time
);
