"""The tables of accounts: statements that bring them up to a batch, or build them whole.

What resolve left in `state` and the trait writes of the batch's Group calls go in. Those are in the temporary
table `account__writes`: `account`, `name`, `value` (NULL: removed), `ordinal`, `timestamp`, `received_at`.
Its two underscores keep it apart from the tables of events, which have none such and are filled meanwhile.

As with the tables of people, the rows of what a batch touches are deleted and written again by the queries in
`sql/models`, so that one query serves delta and full build. Two things are touched: accounts, that were made,
merged, given an identifier or a trait; and the memberships of people, who were seen in an account or merged,
or whose account was. So an account of a million members is not written again for one more.

A warehouse that follows needs the same sets, of all batches that it has not seen: `touched_accounts` and
`touched_people` give them, because every row of `state` says which batch wrote it.
"""

from __future__ import annotations

from collections.abc import Mapping

from pipelines import sqlfiles
from pipelines.naming import literal, quoted
from pipelines.sqlfiles import Statement

TRAITS = "account_traits"
OF_ACCOUNTS = ("account_identifiers", TRAITS)
OF_PEOPLE = ("account_memberships",)
TABLES = (*OF_ACCOUNTS, *OF_PEOPLE)
"""Every table of accounts; the first ones have rows by account, the last ones by profile."""

CREATE_WRITES = """
create or replace temp table account__writes (
  account bigint, name varchar, value varchar, ordinal integer, timestamp timestamp, received_at timestamp
)
"""

_KEEP_WRITES = (
    """
    create or replace temp table account_traits_now as
    select account, name,
           unnest(max_by(
             {'value': value, 'timestamp': timestamp, 'received_at': received_at,
              'batch': batch, 'ordinal': ordinal},
             (timestamp, batch, ordinal)
           ))
    from (
      select account, name, value, timestamp, received_at, batch, ordinal
      from state.account_traits semi join account__writes using (account)
      union all
      select account, name, value, timestamp, received_at, $batch, ordinal from account__writes
    )
    group by account, name, value is null
    """,
    """
    delete from state.account_traits
    using (select distinct account from account__writes) written
    where account_traits.account = written.account
    """,
    "insert into state.account_traits by name from account_traits_now",
    "drop table account_traits_now",
)
"""Of each trait of an account the newest write and the newest removal are kept, each for itself: which one
counts is only known once all accounts that became one are looked at together."""

_CHANGED_ACCOUNTS = """
    select account as profile from state.accounts where batch {since}
    union
    select unnest([account, canonical]) from state.account_merges where batch {since}
    union
    select account from state.account_identifiers where batch {since}
    union
    select account from state.account_traits where batch {since}
"""
_CHANGED_PEOPLE = """
    select profile from state.memberships where changed {since}
    union
    select m.profile from state.memberships m
    semi join (select profile from state.merges where batch {since}) merged using (profile)
    union
    select m.profile from state.memberships m
    semi join (select account from state.account_merges where batch {since}) merged using (account)
"""
_ALL_ACCOUNTS = "select account as profile from state.accounts"
_ALL_PEOPLE = "select profile from state.memberships"

_TEMPORARY = ("touched", "account_winners", "account_columns")


def touched_accounts(since: str = "= $batch") -> str:
    """SELECT of the accounts whose rows batches change; `since` is compared with the number of a batch.

    Columns `profile`, `segment_id`, `canonical`, `canonical_segment_id`: what the models read. With an
    account all that are merged into the same one are touched. A copy of the tables that is complete up to
    batch n asks for `> n`, and replaces the rows of these segment ids.
    """
    return _touched(_CHANGED_ACCOUNTS.format(since=since), "state.accounts", "account")


def touched_people(since: str = "= $batch") -> str:
    """SELECT of the people whose memberships batches change, as `touched_accounts` selects accounts."""
    return _touched(_CHANGED_PEOPLE.format(since=since), "state.profiles", "profile")


def _touched(causes: str, profiles: str, key: str) -> str:
    return f"""
with causes as ({causes}), named as (
  select distinct a.canonical from causes join {profiles} a on a.{key} = causes.profile
)
select a.{key} as profile, a.segment_id, a.canonical, c.segment_id as canonical_segment_id
from {profiles} a
join named using (canonical)
join {profiles} c on c.{key} = a.canonical
"""


def statements(columns: Mapping[str, str], *, full: bool, widened: bool) -> tuple[Statement, ...]:
    """Bring `state.account_traits` and the tables up to the batch; `full`: build them from empty.

    `columns`: the trait columns of `account_traits` and their types. `widened`: one of them has another type
    since this batch; then all accounts are written again, because the text in `state` says more than the
    column did. Parameter, where named: `$batch`.
    """
    kept = () if full else _KEEP_WRITES
    every_account = _touched(_ALL_ACCOUNTS, "state.accounts", "account")
    every_person = _touched(_ALL_PEOPLE, "state.profiles", "profile")
    return (
        *(Statement(text, label="account traits") for text in kept),
        _touch(every_account if full or widened else touched_accounts()),
        Statement(_WINNERS, label="account traits"),
        Statement(_wide(columns), label="account traits"),
        *_written(OF_ACCOUNTS),
        _touch(every_person if full else touched_people()),
        *_written(OF_PEOPLE),
        *(Statement(f"drop table {table}", label="touched") for table in _TEMPORARY),
    )


def _touch(select: str) -> Statement:
    return Statement(f"create or replace temp table touched as{select}", label="touched")


def _written(tables: tuple[str, ...]) -> tuple[Statement, ...]:
    return tuple(
        Statement(text, label=table)
        for table in tables
        for text in (
            f"delete from {table} using touched where {table}.canonical_segment_id = touched.segment_id",
            f"insert into {table} by name\n{sqlfiles.read(f'models/{table}.sql')}",
        )
    )


_WINNERS = """
create or replace temp table account_winners as
with writes as (
  select t.canonical as account, s.name, s.value, s.timestamp, s.received_at, s.batch, s.ordinal
  from touched t join state.account_traits s on s.account = t.profile
), newest as (
  select account, name,
         unnest(max_by(
           {'value': value, 'timestamp': timestamp, 'received_at': received_at,
            'batch': batch, 'ordinal': ordinal},
           (timestamp, batch, ordinal, value is not null)
         ))
  from writes
  group by account, name
)
select n.*
from newest n
anti join (from writes where value is null) r
  on r.account = n.account and starts_with(n.name, r.name || '_')
  and (r.timestamp, r.batch, r.ordinal) > (n.timestamp, n.batch, n.ordinal)
"""
"""Of every touched canonical account the write of each trait that counts, removals included. A removal takes
what is nested in the trait with it, `address` every `address_*` that was not written since."""


def _wide(columns: Mapping[str, str]) -> str:
    """`account_columns`: the values among `account_winners` side by side, typed as their columns.

    A trait may be called `account`, which is why the key is not.
    """
    names = ", ".join(map(literal, columns))
    values = "".join(f", cast({quoted(name)} as {kind}) as {quoted(name)}" for name, kind in columns.items())
    wide = 'select distinct account as "@account" from account_winners'
    if names:
        narrow = 'select account as "@account", name, value from account_winners'
        pivot = f'pivot ({narrow}) on name in ({names}) using max(value) group by "@account"'
        wide = f'select "@account"{values} from ({pivot})'
    return f"create or replace temp table account_columns as {wide}"
