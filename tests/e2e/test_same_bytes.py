"""Row order, files, threads and rebuilding change nothing; a second run writes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pytest

from pipelines.config import load_space
from pipelines.steps import resolve
from pipelines.steps.cutting import replayed_in_parts
from pipelines.steps.rebuild import rebuild
from pipelines.steps.run import RunReport, run
from tests.e2e.fingerprint import Print, fingerprint
from tests.e2e.shop import DAYS, NAME, event_lines, write_day, write_shop

Split = Callable[[list[str]], dict[str, list[str]]]


def _shuffled(lines: list[str]) -> dict[str, list[str]]:
    return {"all.jsonl": Random(5).sample(lines, len(lines))}


def _dealt(lines: list[str]) -> dict[str, list[str]]:
    return {f"{name}.jsonl": lines[place::3] for place, name in enumerate("zay")}


def _cut(lines: list[str]) -> dict[str, list[str]]:
    return {"1.jsonl": lines[:7], "2.jsonl": lines[7:30], "3.jsonl": lines[30:], "empty.jsonl": []}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shop after both days, run plainly on one thread."""
    folder = tmp_path_factory.mktemp("shop")
    _run_days(folder)
    return folder


@pytest.mark.parametrize("split", [_shuffled, _dealt, _cut])
def test_rows_and_files_in_another_order(split: Split, undisturbed: Path, tmp_path: Path) -> None:
    _run_days(tmp_path, split=split)
    assert _tables(tmp_path) == _tables(undisturbed)
    assert _accounts(tmp_path) == _accounts(undisturbed)


def test_two_threads(undisturbed: Path, tmp_path: Path) -> None:
    _run_days(tmp_path, threads=2)
    assert _tables(tmp_path) == _tables(undisturbed)


def test_cut_into_parts_for_want_of_memory(
    undisturbed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Batches of files and of traits, on an empty store and on one that holds profiles."""
    parts = []

    def counted(*arguments: Any) -> Any:  # Any: handed through
        parts.append(len(arguments[3]))
        return replayed_in_parts(*arguments)

    monkeypatch.setattr(resolve, "replay_budget", lambda _: 1)
    monkeypatch.setattr(resolve, "replayed_in_parts", counted)
    _run_days(tmp_path)
    assert _tables(tmp_path) == _tables(undisturbed)
    graph = ("profiles", "identifiers", "merges")
    assert [_tables(tmp_path, "state")[name] for name in graph] == [
        _tables(undisturbed, "state")[name] for name in graph
    ]
    assert min(parts) > 3


def test_rebuild(undisturbed: Path, tmp_path: Path) -> None:
    _run_days(tmp_path)
    rebuild(load_space(tmp_path / "space.yaml"))
    assert _tables(tmp_path) == _tables(undisturbed)
    assert fingerprint(tmp_path / "warehouse.duckdb", "state") == fingerprint(
        undisturbed / "warehouse.duckdb", "state"
    )


def test_a_rebuilt_space_goes_on_as_before(undisturbed: Path, tmp_path: Path) -> None:
    space = write_shop(tmp_path)
    write_day(tmp_path, 0)
    run(load_space(space), DAYS[0])
    rebuild(load_space(space))
    write_day(tmp_path, 1)
    run(load_space(space), DAYS[1])
    assert _tables(tmp_path) == _tables(undisturbed)


def test_r8_a_second_run_with_the_same_files_writes_no_row(undisturbed: Path) -> None:
    before = {schema: _tables(undisturbed, schema) for schema in (NAME, "state", "ops")}
    run(load_space(undisturbed / "space.yaml"), DAYS[1])
    for schema, prints in before.items():
        assert _tables(undisturbed, schema) == prints, schema


def test_the_same_lines_in_a_new_file_are_duplicates(undisturbed: Path, tmp_path: Path) -> None:
    """Known by its id a message is taken once, whatever file it comes in."""
    _run_days(tmp_path)
    taken = [line for day in (0, 1) for line in event_lines(day) if _has_id(line)]
    (tmp_path / "events" / "again.jsonl").write_text("\n".join(taken))
    report = run(load_space(tmp_path / "space.yaml"), DAYS[1] + timedelta(minutes=1))
    assert _graph(_tables(tmp_path)) == _graph(_tables(undisturbed))
    assert report.resolve.messages == 0


def test_the_shop_has_something_of_everything(undisturbed: Path) -> None:
    """A tiny space that never merges, rejects or repeats would prove little."""
    with duckdb.connect(undisturbed / "warehouse.duckdb", read_only=True) as con:

        def count(table: str, where: str = "true") -> int:
            return int(con.execute(f"select count(*) from {table} where {where}").fetchall()[0][0])

        assert count("state.merges") > 3
        assert count("state.duplicates") >= 4
        assert count("ops.rejects") >= 4
        assert count("ops.resolution_log", "reason = 'ID value blocked' and collection = 'users'") == 1
        assert count("ops.resolution_log", "reason = 'ID value blocked' and collection = 'accounts'") == 1
        assert count("ops.resolution_log", "violated_type = 'user_id'") > 0
        assert count("state.account_merges") == 1
        assert count("shop.account_traits", "merged_to is null") == 2
        assert count("shop.account_memberships") == 3
        assert count("ops.batches", "kind = 'traits'") == 2
        assert count("ops.batches", "stage <> 'materialized'") == 0
        assert count("shop.user_traits", "name = 'orders'") > 1
        assert count("shop.user_traits", "name = 'spent'") > 1


def _run_days(folder: Path, *, threads: int = 1, split: Split | None = None) -> list[RunReport]:
    space = write_shop(folder, threads)
    reports = []
    for day, now in enumerate(DAYS):
        lines = event_lines(day)
        files = {f"{day}-{name}": part for name, part in split(lines).items()} if split else None
        write_day(folder, day, events=files)
        reports.append(run(load_space(space), now))
    return reports


def _tables(folder: Path, schema: str = NAME) -> dict[str, Print]:
    return fingerprint(folder / "warehouse.duckdb", schema)


def _accounts(folder: Path) -> list[tuple[object, ...]]:
    """Rows in and what became of them, over all files of a kind."""
    with duckdb.connect(folder / "warehouse.duckdb", read_only=True) as con:
        return con.execute(
            "select kind, sum(rows), sum(loaded), sum(repaired), sum(duplicate), sum(rejected), sum(filtered)"
            " from ops.files where status = 'loaded' group by kind order by kind"
        ).fetchall()


def _graph(tables: dict[str, Print]) -> dict[str, Print]:
    """The tables that events alone change; a later run may well compute traits anew."""
    return {
        name: tables[name] for name in ("id_graph_updates", "external_id_mapping_updates", "tracks", "pages")
    }


def _has_id(line: str) -> bool:
    try:
        event = json.loads(line)
    except ValueError:
        return False
    return isinstance(event, dict) and "messageId" in event and event["type"] != "dance"
