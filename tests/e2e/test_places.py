"""From calls to profiles: files through load and resolve, against the plain places and the plain resolver."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from pipelines.config import load_space
from pipelines.rules import Rules
from pipelines.steps.load import load
from pipelines.steps.progress import SILENT
from pipelines.steps.resolve import resolve_batch
from pipelines.store import open_store
from pipelines.store.ledger import waiting
from tests.e2e.shop import write_shop
from tests.identity.cases import SHORT, profile_name, read_rules
from tests.ingest.test_generated import CALL
from tests.oracles.places import found
from tests.oracles.records import Message
from tests.oracles.resolver import Resolver

CASES = yaml.safe_load(
    (Path(__file__).parents[1] / "cases" / "identity_calls" / "places.yaml").read_text(encoding="utf-8")
)
NOW = datetime.fromisoformat("2026-01-01")
Call = dict[str, Any]
LogRow = tuple[str | None, ...]


class Graph(NamedTuple):
    """Who a message belongs to, who holds what, and what was not used; profiles are P1, P2 ... by age."""

    owners: dict[str, str | None]
    profiles: dict[str | None, set[tuple[str, str]]]
    log: list[LogRow]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["title"])
def test_calls_find_their_profiles(case: dict[str, Any], tmp_path: Path) -> None:
    rules = read_rules(case.get("rules"), tmp_path)
    declared = (case.get("rules") or {}).get("identifiers", [])
    added = {entry["type"]: entry["locations"] for entry in declared if "locations" in entry}
    expected = Graph(
        case["owners"],
        {name: {_identifier(text) for text in held} for name, held in case["profiles"].items()},
        sorted((_log_row(*row) for row in case.get("log", [])), key=str),
    )
    assert _plainly(case["calls"], rules, added) == expected
    assert _stored(case["calls"], rules, tmp_path) == expected


TYPES = ("user_id", "email", "anonymous_id", "app_id", "ios.id", "ios.idfa", "android.id", "group_id", "plan")


@given(
    st.lists(CALL, min_size=10, max_size=25),
    st.lists(st.sampled_from(TYPES), min_size=2, max_size=6, unique=True),
)
@settings(max_examples=6, phases=(Phase.explicit, Phase.generate))  # to shrink would take minutes
def test_generated_calls_find_their_profiles(calls: list[Call], types: list[str]) -> None:
    taken = [_taken(call, number) for number, call in enumerate(calls)]
    section = {"identifiers": [{"type": kind, "limit": 2} for kind in types]}
    with tempfile.TemporaryDirectory() as folder:
        rules = read_rules(section, Path(folder))
        stored = _stored(taken, rules, Path(folder))
    kept = [call for call in taken if call["messageId"] in stored.owners]
    assert len(kept) > 2
    assert _plainly(kept, rules, {}) == stored


def _taken(call: Call, number: int) -> Call:
    """The call with all that load asks for, and an owner if it has none, so that most are not rejected."""
    times = dict.fromkeys(("timestamp", "receivedAt", "sentAt", "originalTimestamp"))
    kind = "identify" if call["type"] == "Track" else call["type"]
    required = {"messageId": f"m{number:02}", "event": "x", "type": kind}
    return {**call, **times, **required, "groupId": "g1", "userId": call.get("userId") or "u1"}


def _plainly(calls: Sequence[Call], rules: Rules, added: dict[str, list[str]]) -> Graph:
    """What the oracles say."""
    resolver = Resolver(rules)
    accounts = {rule.type for rule in rules.identifiers if rule.collection == "accounts"}
    looked = {
        call["messageId"]: found(call, [rule.type for rule in rules.identifiers], added) for call in calls
    }
    outcome = resolver.resolve(
        Message(
            call["messageId"],
            NOW + timedelta(minutes=number),
            tuple(
                (kind, value) for kind, values in looked[call["messageId"]].values.items() for value in values
            ),
        )
        for number, call in enumerate(calls)
    )
    log: list[LogRow] = [
        (
            note.message_id,
            *(note.identifier or (None, None)),
            note.violated_type,
            note.reason,
            profile_name(note.profile),
        )
        for note in outcome.log
    ]
    for message_id, (_, notes) in looked.items():
        owner = profile_name(outcome.owners[message_id])
        log += [
            (message_id, kind, None, None, reason, owner) for kind, reason in notes if kind not in accounts
        ]
    return Graph(
        {message_id: profile_name(owner) for message_id, owner in outcome.owners.items()},
        {profile_name(profile): held for profile, held in resolver.holdings().items()},
        sorted(log, key=str),
    )


def _stored(calls: Sequence[Call], rules: Rules, folder: Path) -> Graph:
    """What load and resolve leave in the store."""
    space = replace(load_space(write_shop(folder)), identity=rules)
    timed = [
        {**call, "timestamp": f"{(NOW + timedelta(minutes=number)).isoformat()}Z"}
        for number, call in enumerate(calls)
    ]
    (folder / "events" / "calls.jsonl").write_text("".join(json.dumps(call) + "\n" for call in timed))
    with open_store(space) as store:
        load(space, store, NOW + timedelta(hours=1), SILENT)
        for batch in waiting(store, "loaded"):
            resolve_batch(space, store, batch)
        rows = store.execute(
            "select message_id, 'P' || profile from state.owners join state.messages using (batch, row)"
        ).fetchall()
        held = store.execute("select 'P' || profile, type, value from state.identifiers").fetchall()
        log = store.execute(
            "select message_id, identifier_type, identifier_value, violated_type, reason, 'P' || profile"
            " from ops.resolution_log left join state.profiles using (segment_id) where collection = 'users'"
        ).fetchall()
    profiles: dict[str | None, set[tuple[str, str]]] = {profile: set() for profile, _, _ in held}
    for profile, kind, value in held:
        profiles[profile].add((kind, value))
    return Graph(dict(rows), profiles, sorted(log, key=str))


def _identifier(text: str) -> tuple[str, str]:
    kind, _, value = text.partition("=")
    return SHORT.get(kind, kind), value


def _log_row(
    message: str, identifier: str | None, violated: str | None, reason: str, profile: str | None
) -> LogRow:
    if identifier is None:
        return message, None, None, violated, reason, profile
    kind, equals, value = identifier.partition("=")
    return (
        message,
        SHORT.get(kind, kind) if equals else kind,
        value if equals else None,
        violated,
        reason,
        profile,
    )
