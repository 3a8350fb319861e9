"""SQL traits that may not run, and their errors: cases/traits/refused.yaml."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from pipelines.errors import TraitError
from pipelines.steps import sqltraits
from pipelines.store import open_store
from pipelines.traits.limits import Limits
from pipelines.traits.runs import Moment
from tests.traits.cases import cases
from tests.traits.shop import Shop, shop_space

Case = Mapping[str, Any]  # Any: read from YAML

NOW = datetime.fromisoformat("2026-01-03")
MOMENT = Moment(NOW, NOW, files=1, merging=0, newest=1)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    space = shop_space(tmp_path_factory.mktemp("shop"))
    with open_store(space) as store:
        shop = Shop(space, store)
        shop.open()
        times = {"segment_id": "p1", "timestamp": NOW}
        shop.events([{**times, "id": "m1", "channel": "web"}, {**times, "id": "m2", "channel": "store"}])
        yield shop


@pytest.mark.parametrize("case", cases("refused"))
def test_refused(case: Case, shop: Shop) -> None:
    found = outcome(case, shop)
    if case.get("passes"):
        assert not isinstance(found, TraitError), str(found)
        return
    assert isinstance(found, TraitError)
    assert found.code == case["code"], str(found)
    if "at" in case:
        assert [found.line, found.column] == case["at"], str(found)
    assert case.get("says", "") in str(found)
    assert "case.sql" in str(found)
    assert case.get("hides") is None or case["hides"] not in str(found)


def outcome(case: Case, shop: Shop) -> sqltraits.Result:
    file = shop.space.file.parent / "case.sql"
    file.write_text(case["sql"], encoding="utf-8")
    files = sqltraits.read(shop.space)
    if files.faults:
        return files.faults[0][1]
    schema = sqltraits.schema_of(shop.store)
    limits = Limits(**case.get("limits", {}))
    ((_, found),) = sqltraits.evaluate(shop.space, shop.store, files.traits, schema, MOMENT, limits)
    return found


def test_a_caret_stands_under_the_place(shop: Shop) -> None:
    sql = "select channel as user_id,\n\tsum(totl) as spent\nfrom order_completed group by 1"
    found = outcome({"sql": sql}, shop)
    assert str(found) == (
        "case.sql:2:6: there is no column totl in the tables that the query reads\n"
        "     sum(totl) as spent\n"
        "         ^\n"
        "  expected: a column of those tables\n"
        "  to do: did you mean total?"
    )


def test_two_files_with_one_key(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text("-- name: Spending\nselect 1")
    (tmp_path / "b.sql").write_text("-- name: spending\nselect 1")
    files = sqltraits.read(shop_space(tmp_path))
    assert [trait.file for trait in files.traits] == ["a.sql"]
    assert [(key, error.code) for key, error in files.faults] == [("spending", "duplicate_key")]


def test_a_file_that_is_not_text(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_bytes(b"select '\xff'")
    ((key, error),) = sqltraits.read(shop_space(tmp_path)).faults
    assert (key, error.code) == ("a", "unreadable_file")
