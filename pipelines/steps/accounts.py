"""Accounts, beside the people of the same batch: who they are, who belongs to them, what is known of them.

Resolve and materialize call this, each inside its own transaction. A batch in which no message carries the
identifier of an account costs one look at an empty column, and nothing where no such type is declared.

Accounts are matched by the same replay as people, with the rules of their collection, and are numbered apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa

from pipelines.identity.dictionary import Dictionary
from pipelines.identity.graph import Integers
from pipelines.identity.mentions import Mentions, encode
from pipelines.identity.resolution import Known, Resolution, nothing_known
from pipelines.identity.resolution import resolve as resolve_messages
from pipelines.ids import segment_ids
from pipelines.naming import RESERVED_COLUMNS, quoted
from pipelines.profiles import accounts
from pipelines.profiles.events import Piece
from pipelines.profiles.layout import TRAITS, Layout, Met, gather
from pipelines.profiles.owners import Owners
from pipelines.profiles.survey import Survey, bodies, survey, take_census
from pipelines.rules import ACCOUNT_PREFIX, ACCOUNTS, IdentifierRule, Rules
from pipelines.store.ledger import Batch
from pipelines.store.store import Store

_CALLS_AT_ONCE = 100_000
_BYTES = 1 << 28
"""Of traits in one piece, since a string view reaches 2 GB at most."""


class Resolved(NamedTuple):
    """What a resolve did to accounts: how many it made, and how many identifiers it did not use."""

    accounts: int = 0
    demotions: int = 0


def resolve(store: Store, batch: Batch, files: list[str]) -> Resolved:
    """Find the account of every message that carries an identifier of one, and note who belongs to it.

    To be called in the transaction of resolve, once `state.owners` says the profiles of the batch.
    """
    rules = declared(batch.rules)
    messages = _messages(store, batch, files, rules)
    if not len(messages):
        return Resolved()
    with ThreadPoolExecutor(max_workers=1) as pool:
        empty = tuple(Dictionary(rule.type) for rule in rules)
        mentions = encode(_numbered(messages), len(messages), empty, rules, pool)
    # A copy, because the replay is compiled for arrays that may be written.
    times = messages["timestamp"].cast(pa.int64()).to_numpy().copy()
    resolution = resolve_messages(mentions, times, batch.rules, _known(store, mentions))
    _write(store, batch, messages, mentions, resolution)
    return Resolved(len(resolution.profiles), len(resolution.log))


def declared(rules: Rules) -> tuple[IdentifierRule, ...]:
    """The identifier types of accounts, strongest first."""
    return tuple(rule for rule in rules.identifiers if rule.collection == ACCOUNTS)


def _messages(store: Store, batch: Batch, files: list[str], rules: tuple[IdentifierRule, ...]) -> pa.Table:
    """The kept messages that carry an identifier of an account, in order, with their profiles."""
    if not rules or not files:
        return pa.table({})
    identifiers = [quoted(f"id:{rule.type}") for rule in rules]
    carried = store.frame(
        f"""
        select row as message, message_id, timestamp, received_at, more, {", ".join(identifiers)},
               type = 'group' or input = 'profiles' as joins
        from read_parquet($files)
        where {" or ".join(f"{one} is not null" for one in identifiers)}
        """,
        {"files": files},
    )
    if not len(carried):
        return carried
    with store.frames(carried=carried):
        return store.frame(
            """
            select c.*, o.ordinal, o.profile
            from carried c join state.owners o on o.batch = $batch and o.row = c.message
            order by o.ordinal
            """,
            {"batch": batch.batch},
        )


def _numbered(messages: pa.Table) -> Iterator[tuple[Integers, pa.RecordBatch]]:
    """The messages with their places as ordinals."""
    first = 0
    for batch in messages.to_batches():
        yield np.arange(first, first + len(batch), dtype=np.int32), batch
        first += len(batch)


def _known(store: Store, mentions: Mentions) -> Known:
    """The accounts the batch touches and all they hold, found by hash, compared by text."""
    next_account = int(store.scalar("select coalesce(max(account), 0) + 1 from state.accounts"))
    if next_account == 1:
        return nothing_known()
    with store.frames(mentioned=mentions.dictionary()):
        store.execute(
            """
            create or replace temp table touched_accounts as
            select distinct i.account
            from mentioned d
            join state.account_identifiers i on i.hash = d.hash and i.type = d.type and i.value = d.value
            """
        )
        held = store.frame(
            """
            select d.code, i.type, i.account as profile, i.mapped_at
            from state.account_identifiers i
            join touched_accounts using (account)
            left join mentioned d on i.hash = d.hash and i.type = d.type and i.value = d.value
            """
        )
    members = store.frame(
        """
        select a.account as profile, a.canonical
        from state.accounts a join touched_accounts t on a.canonical = t.account
        order by a.account
        """
    )
    store.execute("drop table touched_accounts")
    return Known(members, held, next_account)


def _write(
    store: Store, batch: Batch, messages: pa.Table, mentions: Mentions, resolution: Resolution
) -> None:
    """Append and move what the resolution says; a message's place among `messages` is its ordinal there."""
    place = pa.array(np.arange(len(messages), dtype=np.int32))
    identifiers = resolution.identifiers.table()
    with store.frames(
        messages=messages.drop_columns("more").append_column("place", place),
        owners=resolution.owners.table().rename_columns(["place", "account"]),
        created=_with_segment_ids(store, messages, mentions, resolution.profiles),
        mapped=identifiers.rename_columns(
            ["by" if name == "ordinal" else name for name in identifiers.column_names]
        ),
        merged=resolution.merges.rename_columns(["by", "place", "account", "canonical"]),
        moved=resolution.moved,
        logged=resolution.log,
    ):
        for statement in _STATEMENTS:
            store.execute(statement, {"batch": batch.batch} if "$batch" in statement else None)


def _with_segment_ids(store: Store, messages: pa.Table, mentions: Mentions, created: pa.Table) -> pa.Table:
    """The created accounts with `segment_id`, made as a profile's is, and the message that made each."""
    makers = messages.select(["message_id", "ordinal", "timestamp", "received_at"]).take(created["ordinal"])
    strongest = created["identifier"].combine_chunks()
    table = (
        created.select(["profile", "canonical"])
        .append_column("type", mentions.type_names(mentions.kinds(strongest.to_numpy())))
        .append_column("value", mentions.text(strongest))
    )
    for name in makers.column_names:
        table = table.append_column(name, makers[name])
    with store.frames(made=table):
        digests = store.frame(
            """
            select profile, sha1(concat_ws(chr(0), $space, $collection, message_id, type, value)) as digest
            from made order by profile
            """,
            {"space": store.space, "collection": ACCOUNTS},
        )["digest"]
    ids = segment_ids(digests.combine_chunks().cast(pa.string()), ACCOUNT_PREFIX)
    return table.sort_by("profile").append_column("segment_id", ids)


_STATEMENTS = (
    """
    insert into state.account_owners
    select $batch, m.message, m.ordinal, o.account from messages m join owners o using (place)
    """,
    """
    insert into state.accounts
    select profile, segment_id, canonical, $batch, ordinal, timestamp, received_at from created
    """,
    """
    update state.account_identifiers set account = moved.canonical
    from moved where account_identifiers.account = moved.profile
    """,
    "update state.accounts set canonical = moved.canonical from moved where accounts.account = moved.profile",
    """
    insert into state.account_identifiers
    select d.hash, d.type, d.value, d.profile, d.mapped_at, m.received_at, $batch, m.ordinal, d.place
    from mapped d join messages m on m.place = d.by
    """,
    """
    insert into state.account_merges
    select $batch, m.ordinal, d.place, d.account, d.canonical, m.timestamp, m.received_at
    from merged d join messages m on m.place = d.by
    """,
    f"""
    insert into ops.resolution_log
    select $batch, m.ordinal, m.message_id, '{ACCOUNTS}', l.identifier_type, l.identifier_value,
           l.violated_type, l.reason, a.segment_id
    from logged l
    join messages m on m.place = l.ordinal
    left join state.accounts a on a.account = l.profile
    """,
    """
    create or replace temp table joined as
    with seen as (
      select m.profile, o.account, m.timestamp as first_seen, m.timestamp, m.received_at, $batch as batch,
             m.ordinal
      from messages m join owners o using (place)
      where m.joins and m.profile is not null and o.account is not null
    )
    select profile, account, min(first_seen) as first_seen,
           unnest(max_by(
             {'timestamp': timestamp, 'received_at': received_at, 'batch': batch, 'ordinal': ordinal},
             (timestamp, batch, ordinal)
           ))
    from (
      from seen
      union all
      select profile, account, first_seen, timestamp, received_at, batch, ordinal
      from state.memberships semi join seen using (profile, account)
    )
    group by profile, account
    """,
    """
    delete from state.memberships
    using joined where memberships.profile = joined.profile and memberships.account = joined.account
    """,
    "insert into state.memberships select *, $batch from joined",
    "drop table joined",
)


def read_traits(store: Store, batch: Batch, files: list[str]) -> dict[str, dict[str, Met]]:
    """Read the traits of the batch's Group calls into the temporary table `account__writes`.

    Returns the columns they need, for `layout.lay_out`: by table, none if there are no such traits.
    """
    store.execute(accounts.CREATE_WRITES)
    owned = store.frame(
        "select row, ordinal, account from state.account_owners"
        " where batch = $batch and account is not null order by row",
        {"batch": batch.batch},
    )
    surveys: list[Survey] = []
    for start in range(0, len(owned), _CALLS_AT_ONCE):
        with store.frames(owned=owned.slice(start, _CALLS_AT_ONCE)):
            calls = pl.DataFrame(store.frame(_CALLS, {"files": files}))
        part = calls["traits"].str.len_bytes().cast(pl.Int64).cum_sum() // _BYTES
        pieces = calls.with_columns(part.alias("part")).partition_by("part", maintain_order=True)
        surveys += [_read_piece(store, piece) for piece in pieces]
    return {accounts.TRAITS: gather(surveys)[TRAITS]} if surveys else {}


_CALLS = """
select 'identify' as type, m.input, cast(null as varchar) as event, m.traits,
       cast(null as varchar) as properties, cast(null as varchar) as context, cast(null as varchar) as times,
       'any' as segment_id, o.account, o.ordinal, m.timestamp, m.received_at
from read_parquet($files) m join owned o using (row)
where m.type = 'group' and m.traits is not null
order by o.ordinal
"""
"""What a Group call says of its account is read as what an Identify call says of its user."""


def _read_piece(store: Store, calls: pl.DataFrame) -> Survey:
    """Put the trait writes of some calls into `account__writes`; returns what there was to be found."""
    texts = bodies(calls)
    found = survey(take_census(calls), texts)
    account = calls["account"].to_numpy()
    place = np.arange(len(calls), dtype=np.int32)
    owned = Owners(place, place, account, account, calls["segment_id"])
    piece = Piece(calls.with_columns(pl.Series("place", place)), texts, found, {})
    with store.frames(piece__rows=piece.trait_writes(owned).to_arrow()):
        store.execute(
            "insert into account__writes"
            " select profile, name, value, ordinal, timestamp, received_at from piece__rows"
        )
    return found


def write(store: Store, batch: Batch, layout: Layout) -> None:
    """Bring the tables of accounts up to the batch; after `read_traits`, once the columns are there.

    To be called in the transaction of materialize.
    """
    if store.scalar("select exists (from state.accounts)"):
        widened = accounts.TRAITS in layout.widened
        for statement in accounts.statements(_trait_columns(store), full=False, widened=widened):
            store.execute(statement, {"batch": batch.batch} if "$batch" in statement.sql else None)
    store.execute("drop table account__writes")


def _trait_columns(store: Store) -> dict[str, str]:
    """The columns on demand of `account_traits` and their types."""
    rows = store.execute(
        """
        select column_name, lower(data_type) from duckdb_columns()
        where database_name = current_database() and schema_name = $schema and table_name = $table
        order by column_index
        """,
        {"schema": store.space, "table": accounts.TRAITS},
    ).fetchall()
    return {name: kind for name, kind in rows if name not in RESERVED_COLUMNS}
