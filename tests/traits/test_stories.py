"""What compute sends over several steps (stories.yaml); the same `now` again sends nothing, ever."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipelines.store import open_store
from tests.traits.cases import cases
from tests.traits.shop import Shop, computed_trait, in_order, shop_space

Case = Mapping[str, Any]  # Any: read from YAML


@pytest.mark.parametrize("case", cases("stories"))
def test_story(case: Case, tmp_path: Path) -> None:
    space = shop_space(tmp_path, [computed_trait(form) for form in case.get("computed", ())])
    for key, text in case.get("sql", {}).items():
        (tmp_path / f"{key}.sql").write_text(text)
    with open_store(space) as store:
        shop = Shop(space, store)
        shop.open()
        for step in case["steps"]:
            if "declare" in step:
                declared = tuple(computed_trait(form) for form in step["declare"])
                shop = replace(shop, space=replace(shop.space, computed=declared))
            take(shop, step)


def take(shop: Shop, step: Case) -> None:
    if "delete" in step:
        shop.store.execute(f"delete from order_completed where {step['delete']}")
    if "events" in step:
        shop.events([row if isinstance(row, dict) else event(row) for row in step["events"]])
    shop.identifiers(step.get("identifiers", ()))
    if "merge" in step:
        shop.merge(*step["merge"])
    if "execute" in step:
        shop.store.execute(step["execute"])
    if not step.keys().isdisjoint({"events", "merge"}):
        shop.uploaded(step["now"])
    report = shop.compute(step["now"])
    assert shop.sent(report.batch) == in_order(step["sends"])
    assert {trait.key: trait.outcome for trait in report.failed} == step.get("failed", {})
    assert report.messages == len(step["sends"])
    again = shop.compute(step["now"])
    assert (again.batch, again.messages) == (None, 0)


def event(row: list[Any]) -> dict[str, Any]:
    return dict(zip(("id", "segment_id", "timestamp", "channel", "total"), row, strict=True))
