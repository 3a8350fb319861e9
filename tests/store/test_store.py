"""The store: who may open it, what a transaction keeps, what is swept."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from pipelines.config import Resources, Space
from pipelines.errors import DiskFull, StoreError, StoreLocked, StoreMismatch
from pipelines.ids import message_hashes
from pipelines.rules import IdentifierRule, Rules
from pipelines.steps.reading import reading
from pipelines.store import Store, open_store
from pipelines.store import store as store_module
from pipelines.store.ledger import advance, batch_time, batches, open_batch, waiting
from pipelines.store.sets import new_set, set_files, sweep

NOW = datetime.fromisoformat("2026-01-01T00:00:00")
RULES = Rules((IdentifierRule("user_id", 1),))


@pytest.fixture
def space(tmp_path: Path) -> Space:
    return Space(
        "tiny",
        tmp_path / "space.yaml",
        tmp_path / "out/store.duckdb",
        Resources(1, "1GB", None),
        (),
        (),
        RULES,
    )


@pytest.fixture
def store(space: Space) -> Iterator[Store]:
    with open_store(space) as opened:
        yield opened


def test_a_new_store_knows_what_it_is(store: Store) -> None:
    meta = dict(store.execute("select key, value from ops.meta").fetchall())
    assert meta == {"space": "tiny", "store_version": str(store_module.STORE_VERSION), "generation": "1"}


def test_the_default_schema_is_the_spaces(store: Store) -> None:
    assert store.scalar("select current_schema()") == "tiny"


def test_a_store_of_another_space_is_refused(space: Space) -> None:
    with open_store(space):
        pass
    with (
        pytest.raises(StoreMismatch, match="belongs to the space 'tiny'"),
        open_store(replace(space, name="other")),
    ):
        pass


def test_a_store_of_a_newer_unify_is_refused(space: Space) -> None:
    with open_store(space) as store:
        store.execute("update ops.meta set value = '99' where key = 'store_version'")
    with pytest.raises(StoreMismatch, match="newer unify"), open_store(space):
        pass


def test_an_older_store_gets_the_tables_it_lacks_and_keeps_the_rest(space: Space) -> None:
    added = ("account_identifiers", "account_traits", "account_memberships", "state.accounts")
    with open_store(space) as store:
        with store.transaction():
            open_batch(store, "files", NOW, RULES, "every_batch")
        for table in added:
            store.execute(f"drop table {table}")
        store.execute("alter table ops.batches drop column trait_history")
        store.execute(
            "insert into state.messages"
            " values (1, 0, 0, 1, 1, false, 42, 'm1'), (1, 1, 1, 1, 2, false, 42, 'm2')"
        )
        store.execute("update ops.meta set value = '1' where key = 'store_version'")
        store.execute("update ops.meta set value = '7' where key = 'generation'")
    with pytest.raises(StoreMismatch, match="older unify"), reading(space):
        pass
    with open_store(space) as store:
        assert [store.scalar(f"select count(*) from {table}") for table in added] == [0] * len(added)
        meta = dict(store.execute("select key, value from ops.meta").fetchall())
        assert meta == {"space": "tiny", "store_version": str(store_module.STORE_VERSION), "generation": "7"}
        assert [batch.trait_history for batch in batches(store)] == ["every_batch"]
        found = store.frame("select message_id, hash from state.messages order by row")
        assert found["hash"].to_pylist() == message_hashes(found["message_id"]).tolist()
    with reading(space) as con:
        assert con.execute("select current_schema()").fetchall() == [("tiny",)]


def test_a_file_that_is_no_database_is_refused_and_kept(space: Space) -> None:
    space.store.parent.mkdir()
    space.store.write_text("not a database, " * 1000)
    with pytest.raises(StoreMismatch, match="cannot be read"), open_store(space):
        pass
    assert space.store.read_text().startswith("not a database")


def test_a_second_writer_is_told_who_holds_the_store(space: Space, store: Store) -> None:
    assert store.path == space.store
    with pytest.raises(StoreLocked, match=r"process \d+ on "), open_store(space):
        pass


def test_a_second_writer_may_wait(space: Space) -> None:
    holder = (
        "import sys, time; from pathlib import Path; from datetime import timedelta;"
        "from pipelines.store.lock import writer_lock\n"
        "with writer_lock(Path(sys.argv[1]), timedelta()): print('held', flush=True); sys.stdin.readline()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holder, str(space.store)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(StoreLocked, match=f"process {process.pid} on "), open_store(space):
            pass
        process.stdin.write("go\n")
        process.stdin.flush()
        with open_store(space, wait=timedelta(seconds=30)):
            pass
    assert process.returncode == 0


def test_a_reader_of_the_file_is_named(space: Space) -> None:
    with open_store(space):
        pass
    reader = (
        "import duckdb, sys\n"
        "with duckdb.connect(sys.argv[1], read_only=True): print('open', flush=True); sys.stdin.readline()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", reader, str(space.store)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        with pytest.raises(StoreLocked, match=f"process {process.pid}"), open_store(space):
            pass
        process.communicate("done\n")


def test_a_failed_transaction_leaves_nothing(store: Store) -> None:
    def fail() -> None:
        with store.transaction():
            open_batch(store, "files", NOW, RULES, "every_batch")
            store.execute("select no_such_function()")

    with pytest.raises(duckdb.Error):
        fail()
    assert batches(store) == []


def test_a_full_disk_is_one_clear_error(space: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise duckdb.IOException("IO Error: Could not write file: No space left on device")

    monkeypatch.setattr(duckdb, "connect", full)
    with pytest.raises(DiskFull, match="the disk is full"), open_store(space):
        pass


def test_batch_times_grow(store: Store) -> None:
    with store.transaction():
        first = open_batch(store, "files", NOW, RULES, "every_batch")
        second = open_batch(store, "files", NOW, RULES, "every_batch")
    assert (first.batch, first.time, second.batch, second.time) == (
        1,
        NOW,
        2,
        NOW + timedelta(microseconds=1),
    )
    assert batch_time(store, NOW + timedelta(days=1)) == NOW + timedelta(days=1)


def test_a_batch_keeps_its_rules_and_moves_by_stage(store: Store) -> None:
    with store.transaction():
        batch = open_batch(store, "files", NOW, RULES, "every_batch")
    with store.transaction():
        advance(store, batch, "loaded", message_set="messages-0000001", counts={"messages": 3})
    [loaded] = waiting(store, "loaded")
    assert loaded.rules == RULES
    assert loaded.message_set == "messages-0000001"
    assert waiting(store, "opened") == []


def test_a_set_that_no_batch_names_is_swept(store: Store) -> None:
    with store.transaction():
        batch = open_batch(store, "files", NOW, RULES, "every_batch")
    for number in (batch.batch, batch.batch + 1):
        with new_set(store, number) as written:
            (written.folder / "part-00000.parquet").write_bytes(json.dumps(number).encode())
        if number == batch.batch:
            with store.transaction():
                advance(store, batch, "loaded", message_set=written.name)
    (store.folder / "messages-0000009.part").mkdir()
    sweep(store)
    assert sorted(folder.name for folder in store.folder.iterdir() if folder.name != "scratch") == [
        "messages-0000001"
    ]
    assert set_files(store, "messages-0000001") == [str(store.folder / "messages-0000001/part-00000.parquet")]
    assert set_files(store, None) == []


@pytest.mark.parametrize(
    ("text", "size"),
    [("8GB", 8_000_000_000), ("512 MB", 512_000_000), ("4GiB", 4 << 30), ("1.5kb", 1500), ("7B", 7)],
)
def test_sizes_are_read_as_duckdb_reads_them(text: str, size: int) -> None:
    assert store_module.parse_size(text) == size


def test_a_folder_that_cannot_be_made_is_one_clear_error(space: Space) -> None:
    space.store.parent.write_text("a file where the folder should be")
    with pytest.raises(StoreError, match="cannot be written to"), open_store(space):
        pass
