"""The written cases of `why`, `why-not` and `weakest`, asked of a real store."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.config import Space
from pipelines.errors import InputError
from pipelines.rules import Rules
from pipelines.steps.explain import Step, why
from pipelines.steps.weakest import Weakest, weakest
from pipelines.steps.whynot import WhyNot, why_not
from tests.explain.stored import store
from tests.identity.cases import SHORT, _message, _time, read_rules
from tests.oracles.records import Message

FOLDER = Path(__file__).parents[1] / "cases" / "explain"

Case = dict[str, Any]
CASES = [(file, case) for file in sorted(FOLDER.glob("*.yaml")) for case in yaml.safe_load(file.read_text())]


@pytest.mark.parametrize(
    "case", [case for _, case in CASES], ids=[f"{f.stem}: {c['title']}" for f, c in CASES]
)
def test_a_case(case: Case, tmp_path: Path) -> None:
    space = _stored(case, tmp_path)
    for question in case["ask"]:
        if "error" in question:
            with pytest.raises(InputError) as refused:
                _ask(space, question)
            assert refused.value.what == question["error"]
            assert question.get("hint") in (None, refused.value.hint)
        else:
            assert _ask(space, question) == {
                key: value for key, value in question.items() if key not in ("why", "why_not", "weakest")
            }


def _ask(space: Space, question: Case) -> Case:
    if "why" in question:
        return _why(space, question)
    if "why_not" in question:
        return _why_not(space, question)
    return _weakest(space, question)


def _why(space: Space, question: Case) -> Case:
    found = why(space, *map(_long, question["why"]))
    assert found.at is not None
    told: Case = {"chain": _chain(found.chain)}
    if "joined_by" in question:
        told["joined_by"] = found.at.message_id
    if "since" in question or found.since:
        told["since"] = _chain(found.since)
    return told


def _chain(steps: tuple[Step, ...]) -> dict[str, list[str]]:
    for step in steps:
        assert set(step.shared) < set(step.identifiers) or not step.shared
    return {step.message.message_id: sorted(map(_short, step.shared)) for step in steps}


def _why_not(space: Space, question: Case) -> Case:
    asked = question["why_not"]
    found = why_not(space, *map(_long, asked))
    assert found.refused == len(found.refusals)
    told: Case = {"reasons": [reason.code for reason in found.reasons]}
    if found.refusals:
        told["refusals"] = [
            [
                refusal.message.message_id,
                _short(refusal.dropped),
                refusal.reason,
                refusal.limit,
                _whose(found, asked, refusal.of),
                _whose(found, asked, refusal.held_by),
            ]
            for refusal in found.refusals
        ]
    return told


def _whose(found: WhyNot, asked: list[str], segment_id: str | None) -> str:
    if segment_id is None:
        return "nobody"
    return asked[found.segment_ids.index(segment_id)] if segment_id in found.segment_ids else "other"


def _weakest(space: Space, question: Case) -> Case:
    found: Weakest = weakest(space, _long(question["weakest"]))
    if found.messages is None:
        return {"messages": None}
    assert found.cuts_off == len(found.apart)
    assert len(found.alone) == found.singles
    return {
        "messages": found.messages,
        "held_by": [holding.message.message_id for holding in found.held_by],
        "apart": [_short(name) for name in found.apart],
        "singles": found.singles,
    }


def _stored(case: Case, folder: Path) -> Space:
    rules = read_rules(case.get("rules"), folder)
    turns: list[tuple[Rules, list[Message]]] = []
    time = datetime.fromisoformat("2024-01-01")
    for step in case["steps"]:
        if "batch" not in step:
            rules = read_rules(step["rules"], folder)
            continue
        batch = []
        for entry in step["batch"]:
            time = _time(entry["at"]) if "at" in entry else time + timedelta(minutes=1)
            batch.append(_message(entry, time))
        turns.append((rules, batch))
    return store(folder / "store", turns, waits=case.get("waits", False))


def _long(text: str) -> str:
    kind, equals, value = text.partition("=")
    return f"{SHORT.get(kind, kind)}:{value}" if equals else text


def _short(text: str) -> str:
    kind, _, value = text.partition(":")
    return f"{next((short for short, long in SHORT.items() if long == kind), kind)}={value}"
