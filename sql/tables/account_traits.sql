-- What is known of each account today, side by side. Grain: one row an account ever made; one that was merged into
-- another stays as a tombstone without traits, so an id seen once can always be followed.
-- The traits are those of Group calls; the rules are those of people's: per trait the newest timestamp wins, ties by
-- seq, an explicit null removes, accounts that become one combine theirs. No history is kept beside them.
create table if not exists account_traits (
  canonical_segment_id varchar not null,    -- account
  merged_to            varchar,             -- NULL: canonical today
  seq                  varchar not null,    -- of the last message that made it, wrote a trait that counts, or merged it
  received_at          timestamp not null,  -- UTC; receipt of that message
  uuid_ts              timestamp not null,  -- its batch time
  timestamp            timestamp not null   -- its event time
                                            -- one column a trait, on demand
);
