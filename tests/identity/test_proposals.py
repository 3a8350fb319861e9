"""Every proposal, pasted where it says, makes a space file that can be read and says what was meant."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from pipelines.config import IdentifierRule, Rules, load_space
from pipelines.identity.proposals import TOP, Proposal, proposals
from pipelines.space import Thresholds

SPACE = "space: shop\nstore: warehouse.duckdb\n"
LISTED = Thresholds(50, 20, 10, 10)
IDENTITIES = {
    "none": "",
    "types with all there is": """
identity:
  identifiers:
    - {type: user_id, limit: 1}
    - {type: email, limit: 3, normalize: lower, blocked: [Void, "null", yes@example.com]}
    - {type: phone, window: daily, normalize: e164, region: "NO"}
    - {type: ga_client_id, blocked: {exact: [x], patterns: ["^0+$", "a: b"]}}
    - {type: "yes", locations: ['context.a."b c".d', properties.yes]}
    - {type: anonymous_id, limit: 5, window: annually}
    - {type: group_id}
  blocked: {exact: [Nobody, "-1"], patterns: ["^test"]}
  mapping_limit: 40
""",
    "caps alone": "\nidentity: {merge_limit: 9, blocked: {}}\n",
}
VALUES = ("kiosk-1", "null", "7", 'a"b', "a: [b]", "# é", "{x}", "a, b", "-")


def read(folder: Path, identity: str) -> Rules:
    file = folder / "space.yaml"
    file.write_text(SPACE + identity, encoding="utf-8")
    return load_space(file, {}).identity


def pasted(identity: str, proposal: Proposal, line: str) -> str:
    """The space file with the line where the proposal wants it, other settings as they are."""
    section = yaml.safe_load(identity or "identity: {}")["identity"]
    if proposal.place == TOP:
        section |= yaml.safe_load(line)
    else:
        (entry,) = yaml.safe_load(line)
        section["identifiers"] = [
            entry if one["type"] == proposal.type else one for one in section["identifiers"]
        ]
    return yaml.safe_dump({"identity": section}, allow_unicode=True)


@pytest.mark.parametrize("identity", IDENTITIES.values(), ids=IDENTITIES)
def test_a_line_changes_what_it_is_meant_to_and_nothing_else(identity: str, tmp_path: Path) -> None:
    rules = read(tmp_path, identity)
    for proposal in proposals(rules, LISTED):
        value = json.dumps("kiosk-1") if proposal.kind in ("bridge", "shared") else ""
        line = f"{proposal.opening}{value}{proposal.closing}"
        assert "\n" not in line
        after = read(tmp_path, pasted(identity, proposal, line))
        if proposal.kind == "profile_size":
            assert after.identifiers == rules.identifiers
            assert (after.mapping_limit, after.merge_limit) in ((50, 100), (40, 50), (50, 9))
        elif proposal.kind == "growth":
            assert [_but(rule, proposal) for rule in after.identifiers] == [
                _but(rule, proposal) for rule in rules.identifiers
            ]
            before, now = _rule(rules, proposal), _rule(after, proposal)
            assert (now.window, now.limit) != (before.window, before.limit)
            assert now.limit == before.limit if before.window != "ever" else now.limit < before.limit
        else:
            for old, new in zip(rules.identifiers, after.identifiers, strict=True):
                everywhere = proposal.place == TOP or old.type == proposal.type
                added = {"kiosk-1"} if everywhere else set()
                assert set(new.blocked.exact) == {*old.blocked.exact, *added}
                assert set(new.blocked.patterns) == set(old.blocked.patterns)
                assert replace(new, blocked=old.blocked) == old


def _but(rule: IdentifierRule, proposal: Proposal) -> IdentifierRule:
    """A rule without what a proposal about growth changes."""
    return replace(rule, limit=0, window="ever") if rule.type == proposal.type else rule


def _rule(rules: Rules, proposal: Proposal) -> IdentifierRule:
    return next(rule for rule in rules.identifiers if rule.type == proposal.type)


@pytest.mark.parametrize("value", VALUES)
def test_a_blocked_value_is_read_as_it_is(value: str, tmp_path: Path) -> None:
    identity = IDENTITIES["types with all there is"]
    proposal = next(
        one
        for one in proposals(read(tmp_path, identity), LISTED)
        if one.kind == "shared" and one.type == "anonymous_id"
    )
    line = f"{proposal.opening}{json.dumps(value, ensure_ascii=False)}{proposal.closing}"
    after = read(tmp_path, pasted(identity, proposal, line))
    assert value in _rule(after, proposal).blocked.exact


def test_there_is_a_line_for_every_kind_and_type_of_people(tmp_path: Path) -> None:
    rules = read(tmp_path, IDENTITIES["types with all there is"])
    made = [(one.kind, one.type) for one in proposals(rules, LISTED)]
    people = [rule.type for rule in rules.identifiers if rule.collection == "users"]
    assert made.count(("profile_size", None)) == 1
    assert {kind for kind, type_ in made if type_ == "group_id"} == set()
    for type_ in people:
        # A single value of a type without a window is as little as there can be.
        expected = {"bridge", "shared"} if type_ == "user_id" else {"growth", "bridge", "shared"}
        assert {kind for kind, one in made if one == type_} == expected
