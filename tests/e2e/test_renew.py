"""Resolving anew: the store becomes what it would be had other rules been in force from the start."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from pipelines.config import load_space
from pipelines.errors import DiskFull, InputError, StoreError, StoreLocked
from pipelines.sqlfiles import Statement
from pipelines.steps.load import load
from pipelines.steps.progress import SILENT
from pipelines.steps.rebuild import rebuild
from pipelines.steps.renew import RenewReport, renew
from pipelines.steps.run import run
from pipelines.store import Store, open_store
from tests.e2e.fingerprint import Print, fingerprint
from tests.e2e.shop import DAYS, NAME, write_day, write_shop

NOW = DAYS[-1] + timedelta(microseconds=1)
"""At this time no trait is due that was not made on the last day."""

LIMITS = [
    ("user_id, limit: 1", "user_id, limit: 3"),
    ("limit: 3, window: weekly", "limit: 1"),
    ("identity:\n", "trait_history: every_change\nidentity:\n"),
]
"""Another limit, no window, another history of traits: what is read of a message stays the same."""
TYPES = [
    ("    - {type: group_id}", "    - {type: city}\n    - {type: points}"),
    ("blocked: [kiosk]", "blocked: [till]"),
    ("limit: 2, normalize: lower", "limit: 2, locations: [properties.city]"),
]
"""Types come and go, places too: everything is read anew."""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shop after both days."""
    return _run_days(tmp_path_factory.mktemp("shop") / "shop")


@pytest.fixture
def shop(ran: Path, tmp_path: Path) -> Path:
    """A copy of it, to be changed."""
    return Path(shutil.copytree(ran, tmp_path / "shop"))


def _run_days(folder: Path, edit: Callable[[Path], None] = lambda _: None) -> Path:
    space = write_shop(folder)
    edit(folder)
    for day, now in enumerate(DAYS):
        write_day(folder, day)
        run(load_space(space), now)
    return folder


def _edit(folder: Path, changes: list[tuple[str, str]]) -> None:
    """Change the rules of the space file."""
    file = folder / "space.yaml"
    text = file.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    file.write_text(text, encoding="utf-8")


def _renew(folder: Path, *, dry_run: bool = False) -> RenewReport:
    return renew(load_space(folder / "space.yaml"), NOW, dry_run=dry_run)


def _tables(folder: Path) -> dict[str, dict[str, Print]]:
    return {schema: fingerprint(folder / "warehouse.duckdb", schema) for schema in (NAME, "state")}


def test_unchanged_rules_give_the_same_bytes(ran: Path, shop: Path) -> None:
    report = _renew(shop)
    assert report.changes.is_none
    assert report.reread == 0
    assert _tables(shop) == _tables(ran)


@pytest.mark.parametrize("changes", [LIMITS, TYPES], ids=["limits", "types"])
def test_other_rules_give_what_they_would_have_given_from_the_start(
    changes: list[tuple[str, str]], ran: Path, shop: Path, tmp_path: Path
) -> None:
    fresh = _run_days(tmp_path / "fresh", lambda folder: _edit(folder, changes))
    _edit(shop, changes)
    report = _renew(shop)
    assert not report.changes.is_none
    assert report.reread == (2 if changes is TYPES else 0)
    assert _tables(shop)[NAME] == _tables(fresh)[NAME] != _tables(ran)[NAME]
    assert _graph(shop) == _graph(fresh)


def _graph(folder: Path) -> dict[str, Print]:
    """What resolve and compute remember; where a message lies in which part is not theirs to say."""
    state, ops = (fingerprint(folder / "warehouse.duckdb", schema) for schema in ("state", "ops"))
    kept = {name: state[name] for name in ("identifiers", "profiles", "merges", "trait_values", "traits")}
    return kept | {name: ops[name] for name in ("resolution_log", "radar")}


@pytest.mark.parametrize("changes", [LIMITS, TYPES], ids=["limits", "types"])
def test_a_dry_run_tells_it_and_changes_no_byte(changes: list[tuple[str, str]], shop: Path) -> None:
    _edit(shop, changes)
    before = _bytes(shop)
    foretold = _renew(shop, dry_run=True)
    assert _bytes(shop) == before
    assert _renew(shop).changes == foretold.changes


def _bytes(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock")
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_every_target_is_to_be_published_in_full_and_only_one_set_a_batch_is_kept(shop: Path) -> None:
    _edit(shop, TYPES)
    _renew(shop)
    _renew(shop)
    with open_store(load_space(shop / "space.yaml")) as store:
        assert store.scalar("select value from ops.meta where key = 'generation'") == "3"
        named = {name for (name,) in store.execute("select message_set from ops.batches").fetchall()}
        hashes = store.execute("select distinct rules_hash from ops.batches").fetchall()
        assert named == {path.name for path in store.folder.glob("messages-*")}
        assert hashes == [(load_space(shop / "space.yaml").identity.hash,)]


def test_a_renewed_space_goes_on_and_a_plain_rebuild_repeats_it(shop: Path, tmp_path: Path) -> None:
    space = write_shop(tmp_path / "late")
    write_day(space.parent, 0)
    run(load_space(space), DAYS[0])
    _edit(space.parent, TYPES)
    renew(load_space(space), DAYS[0])
    write_day(space.parent, 1)
    run(load_space(space), DAYS[1])
    _edit(shop, TYPES)
    _renew(shop)
    expected = _tables(shop)[NAME]
    assert _tables(space.parent)[NAME] == expected
    rebuild(load_space(shop / "space.yaml"))
    assert _tables(shop)[NAME] == expected


_EXECUTE = Store.execute


def _failing(left: list[int]) -> Callable[..., duckdb.DuckDBPyConnection]:
    """`Store.execute` on a disk that is full after so many statements."""

    def execute(
        store: Store, statement: str | Statement, params: dict[str, object] | None = None
    ) -> duckdb.DuckDBPyConnection:
        left[0] -= 1
        if left[0] == 0:
            raise DiskFull("the disk is full", where=str(store.path.parent))
        return _EXECUTE(store, statement, params)

    return execute


@pytest.mark.parametrize("part", [0.1, 0.99])
def test_a_full_disk_leaves_the_store_as_it_was_and_nothing_beside_it(
    part: float, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _edit(shop, TYPES)
    counted = [0]
    with monkeypatch.context() as patch:
        patch.setattr(Store, "execute", _failing(counted))
        _renew(shop, dry_run=True)
    before, files = _tables(shop), sorted(_bytes(shop))
    monkeypatch.setattr(Store, "execute", _failing([int(-counted[0] * part)]))
    with pytest.raises(DiskFull):
        _renew(shop)
    monkeypatch.undo()
    assert (_tables(shop), sorted(_bytes(shop))) == (before, files)


def test_a_batch_that_is_not_finished_comes_first(shop: Path) -> None:
    (shop / "events" / "new.jsonl").write_text('{"type":"page","messageId":"n","userId":"u1"}')
    space = load_space(shop / "space.yaml")
    with open_store(space) as store:
        load(space, store, NOW, SILENT)
    with pytest.raises(InputError, match="batch 5 has not been finished"):
        _renew(shop)


def test_another_writer_is_waited_for_or_named(shop: Path) -> None:
    space = load_space(shop / "space.yaml")
    with open_store(space), pytest.raises(StoreLocked):
        renew(space, NOW, dry_run=True)


def test_without_a_store_there_is_nothing_to_resolve(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no store yet"):
        _renew(write_shop(tmp_path).parent, dry_run=True)
    assert not list(tmp_path.glob("warehouse*"))
