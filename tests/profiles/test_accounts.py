"""Accounts against the plain oracle: random companies through files and the whole job, batch after batch."""

from __future__ import annotations

import hashlib
import itertools
import json
import random
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.config import load_space
from pipelines.profiles.accounts import OF_ACCOUNTS, OF_PEOPLE, TABLES, touched_accounts, touched_people
from pipelines.rules import Rules
from pipelines.steps.checks import names, violations
from pipelines.steps.rebuild import rebuild
from pipelines.steps.run import run
from tests.e2e.fingerprint import fingerprint
from tests.oracles.accounts import Accounts, Seq
from tests.profiles.companies import Call, Course, courses, random_course, random_rules
from tests.profiles.stories import SPACE, opened, play

NOW = datetime.fromisoformat("2026-01-01")
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def played(folder: Path, course: Course, rules: Rules, files: int = 1) -> Path:
    """Run the batches of a course, each dealt to some files; returns the store."""
    (folder / "space.yaml").write_text(SPACE, encoding="utf-8")
    for number, batch in enumerate(course):
        for part in range(files):
            lines = "".join(json.dumps(call) + "\n" for call in batch[part::files])
            (folder / f"{number}-{part}.jsonl").write_text(lines, encoding="utf-8")
        run(replace(load_space(folder / "space.yaml"), identity=rules), NOW + timedelta(days=number))
    return folder / "store.duckdb"


def judge(store: Path, course: Course, rules: Rules) -> None:
    """Every table of accounts, row for row, and all checks."""
    oracle = Accounts(rules)
    for batch in course:
        oracle.take(batch)
    with opened(store) as con:
        _compare(con, oracle, [len(batch) for batch in course])
        assert [name for name in names() if violations(con, name)] == []


def _compare(con: duckdb.DuckDBPyConnection, oracle: Accounts, sizes: list[int]) -> None:
    def rows(sql: str) -> list[tuple[Any, ...]]:  # Any: cells of many types
        return con.execute(sql).fetchall()

    assert rows("select count(*) from state.messages") == [(sum(sizes),)]
    number = dict(rows("select segment_id, account from state.accounts"))
    person = dict(rows("select segment_id, profile from state.profiles"))
    assert rows("select account, canonical from state.accounts order by account") == sorted(
        oracle.accounts.canonical.items()
    )
    assert dict(
        rows("select message_id, account from state.account_owners join state.messages using (batch, row)")
    ) == dict(oracle.owners)
    assert [
        (number[owner], kind, value, _seq(seq), time)
        for owner, kind, value, seq, time in rows(
            "select canonical_segment_id, type, value, seq, timestamp from account_identifiers"
            " order by type, value"
        )
    ] == [
        (owner, *one, oracle.mapped[one], oracle.accounts.mapped_at[one])
        for one, owner in sorted(oracle.accounts.owner.items())
    ]
    assert {
        number[row.pop("canonical_segment_id")]: (number.get(row.pop("merged_to")), _seq(row.pop("seq")), row)
        for row in _traits(con)
    } == {account: (row.merged_to, row.seq, row.traits) for account, row in oracle.rows().items()}
    assert sorted(
        (person[user], number[account], first, last, _seq(seq))
        for user, account, first, last, seq in rows(
            "select canonical_segment_id, account_segment_id, first_seen, last_seen, seq"
            " from account_memberships"
        )
    ) == [tuple(member) for member in oracle.members()]
    assert rows(
        "select message_id, identifier_type, identifier_value, violated_type, reason, account"
        " from ops.resolution_log left join state.accounts using (segment_id)"
        " where collection = 'accounts' order by all"
    ) == sorted(
        (
            (n.message_id, *(n.identifier or (None, None)), n.violated_type, n.reason, n.profile)
            for outcome in oracle.outcomes
            for n in outcome.log
        ),
        key=lambda row: [(cell is None, cell or "") for cell in row],
    )


def _traits(con: duckdb.DuckDBPyConnection) -> Iterable[dict[str, Any]]:
    result = con.execute("select * exclude (received_at, uuid_ts, timestamp) from account_traits")
    heads = [column[0] for column in result.description or ()]
    always = ("canonical_segment_id", "merged_to", "seq")
    for row in result.fetchall():
        cells = dict(zip(heads, row, strict=True))
        yield {name: cell for name, cell in cells.items() if cell is not None or name in always}


def _seq(text: str) -> Seq:
    return int(text[:7]), int(text[7:16])


@pytest.mark.parametrize("seed", range(8))
def test_random_companies(seed: int, tmp_path: Path) -> None:
    course, rules = random_course(seed), random_rules(seed)
    judge(played(tmp_path, course, rules), course, rules)


def test_the_companies_have_something_of_everything() -> None:
    """Courses that never merge, drop or take back would prove little."""
    seen: dict[str, int] = dict.fromkeys(("merges", "late", "removed", "joined", "dropped", "several"), 0)
    for seed in range(8):
        oracle = Accounts(random_rules(seed))
        for batch in random_course(seed):
            oracle.take(batch)
        rows, members = oracle.rows(), oracle.members()
        seen["merges"] += sum(row.merged_to is not None for row in rows.values())
        seen["removed"] += sum(write.value is None for write in oracle._writes)
        seen["dropped"] += sum(len(outcome.log) for outcome in oracle.outcomes)
        seen["joined"] += len({(said.profile, said.account) for said in oracle._said}) - len(members)
        seen["several"] += len(members) - len({member.profile for member in members})
        seen["late"] += sum(member.first_seen < member.last_seen for member in members)
    assert min(seen.values()) > 30, seen


@given(courses(), st.integers(0, 20))
@settings(max_examples=10)
def test_any_company(course: Course, seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        rules = random_rules(seed)
        judge(played(Path(folder), course, rules), course, rules)


def test_neither_row_order_nor_files_nor_a_rebuild_change_a_byte(tmp_path: Path) -> None:
    course, rules = random_course(20), random_rules(20)
    chance = random.Random(20)
    shuffled = [chance.sample(batch, len(batch)) for batch in course]
    stores = []
    for name, calls, files in (("plain", course, 1), ("shuffled", shuffled, 3)):
        (tmp_path / name).mkdir()
        stores.append(played(tmp_path / name, calls, rules, files))
    plain, other = (fingerprint(store, "story") for store in stores)
    assert plain["account_memberships"].rows > 20
    assert other == plain
    rebuild(replace(load_space(tmp_path / "plain" / "space.yaml"), identity=rules))
    assert fingerprint(stores[0], "story") == plain


def test_batches_cut_in_the_order_of_time_come_to_the_same_as_one_batch(tmp_path: Path) -> None:
    """But for when a batch was, which is all that `seq`, `uuid_ts` and `received_at` can tell."""
    rules = random_rules(31)
    calls = sorted(itertools.chain(*random_course(31)), key=_in_order)
    cuts = [calls[start : start + 100] for start in range(0, len(calls), 100)]
    found = []
    for name, course in (("one", [calls]), ("several", cuts)):
        (tmp_path / name).mkdir()
        with opened(played(tmp_path / name, course, rules)) as con:
            found.append({table: _timeless(con, table) for table in TABLES})
    assert len(cuts) > 2
    assert found[0] == found[1]


@pytest.mark.parametrize("seed", [40, 41])
def test_a_copy_needs_only_the_rows_of_those_touched_since(seed: int, tmp_path: Path) -> None:
    """What a warehouse that follows replaces, whatever the number of batches it has missed."""
    course, rules = random_course(seed), random_rules(seed)
    seen = []
    for number in range(len(course)):
        with opened(played(tmp_path, course[: number + 1], rules)) as con:
            seen.append({table: _cells(con, table) for table in TABLES})
    with opened(tmp_path / "store.duckdb") as con:
        for batch, copy in enumerate(seen, 1):
            for tables, touched in ((OF_ACCOUNTS, touched_accounts), (OF_PEOPLE, touched_people)):
                found = con.execute(f"select segment_id from ({touched(f'> {batch}')})").fetchall()
                names = {("canonical_segment_id", segment_id) for (segment_id,) in found}
                for table in tables:
                    kept = {row for row in copy[table] if not row & names}
                    new = {row for row in seen[-1][table] if row & names}
                    assert kept | new == seen[-1][table], (table, batch)
    assert all(seen[0][table] - seen[-1][table] for table in ("account_traits", "account_memberships"))


def _cells(con: duckdb.DuckDBPyConnection, table: str) -> set[frozenset[tuple[str, Any]]]:
    """The rows without their NULLs, as columns come with the batches."""
    result = con.execute(f"from {table}")
    heads = [column[0] for column in result.description or ()]
    rows = (zip(heads, row, strict=True) for row in result.fetchall())
    return {frozenset(cell for cell in row if cell[1] is not None) for row in rows}


def _in_order(call: Call) -> tuple[str, bytes]:
    return call["timestamp"], call["messageId"].encode()


def _timeless(con: duckdb.DuckDBPyConnection, table: str) -> list[tuple[Any, ...]]:
    columns = [row[0] for row in con.execute(f"describe {table}").fetchall()]
    kept = sorted(set(columns) - {"seq", "uuid_ts", "received_at"})
    return con.execute(f"select {', '.join(kept)} from {table} order by all").fetchall()


def test_the_segment_id_of_an_account_is_made_of_what_made_it(tmp_path: Path) -> None:
    events = [{"type": "group", "messageId": "m1", "userId": "u1", "groupId": "acme"}]
    text = "\0".join(("story", "accounts", "m1", "group_id", "acme"))
    left = int(hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest(), 16)
    digits = ""
    while left:
        left, digit = divmod(left, 62)
        digits = DIGITS[digit] + digits
    with opened(play(tmp_path, [{"events": events}])) as con:
        (found,) = con.execute("select segment_id from state.accounts").fetchall()
    assert found == (f"acc_{digits.rjust(27, '0')}",)
