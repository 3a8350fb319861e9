"""The commands that explain profiles, on the tiny space, and the radar that may forbid to publish."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import tiny_space
from tests.cli.conftest import unify

STRICT = "checks: {radar: {warn: {profile_size: 3}, block: {profile_size: 4}}}\n"


def test_why_prints_the_chain_with_places_times_and_what_is_shared(ran: Path) -> None:
    said = unify("why", ran, "anonymous_id:phone", "email:jane@example.com")
    assert said.code == 0, said.err
    for told in (
        *("joined by 2 messages", "2026-04-03 09:00:00", "identify from web"),
        *("events/web.jsonl:4", "uploads/people.csv:2", "user_id:jane", "shared with the next"),
    ):
        assert told in said.out


def test_why_as_json(ran: Path) -> None:
    found = unify("why", ran, "anonymous_id:phone", "email:jane@example.com", "--json").json
    assert found["chain"][0] == {
        "message_id": "m4",
        "file": "events/web.jsonl",
        "line": 4,
        "timestamp": "2026-04-03T09:00:00",
        "call": "identify",
        "event": None,
        "source": "web",
        "identifiers": ["anonymous_id:phone", "user_id:jane"],
        "shared": ["user_id:jane"],
    }
    assert found["since"] == []
    person = unify("profile", ran, "user_id:jane", "--json").json
    assert found["segment_id"] == person["segment_id"]


def test_why_not_tells_that_nothing_connects_them(ran: Path) -> None:
    said = unify("why-not", ran, "anonymous_id:kiosk", "user_id:bob")
    assert said.code == 0, said.err
    assert "no message connects them" in said.out
    found = unify("why-not", ran, "anonymous_id:kiosk", "user_id:bob", "--json").json
    assert [reason["code"] for reason in found["reasons"]] == ["unconnected"]
    assert found["refusals"] == []


def test_weakest_by_identifier_and_by_segment_id(ran: Path) -> None:
    said = unify("weakest", ran, "user_id:jane")
    assert "hangs by one message" in said.out
    found = unify("weakest", ran, "user_id:jane", "--json").json
    assert found["messages"] == 1
    assert found["size"] == 4
    assert unify("weakest", ran, found["segment_id"], "--json").json == found
    assert "a single identifier" in unify("weakest", ran, "anonymous_id:kiosk").out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("why", "jane@example.com", "user_id:jane"), "expected: type:value"),
        (("why", "email:", "user_id:jane"), "give both, type and value"),
        (("why", "emale:x", "user_id:jane"), "did you mean email?"),
        (("why", "email:nobody@example.com", "user_id:jane"), "no profile has this email"),
        (("why", "user_id:bob", "user_id:jane"), "unify why-not"),
        (("why-not", "anonymous_id:phone", "user_id:jane"), "unify why"),
        (("why-not", "group_id:g", "user_id:jane"), "names accounts"),
        (("weakest", "use_nobody"), "no profile has this segment id"),
    ],
)
def test_what_cannot_be_answered_is_a_message_and_exit_1(
    ran: Path, words: tuple[str, ...], told: str
) -> None:
    command, *asked = words
    said = unify(command, ran, *asked)
    assert said.code == 1
    assert told in said.err
    assert "Traceback" not in said.err


def test_questions_before_the_first_run_say_what_to_do(space: Path) -> None:
    for words in (("why", "user_id:a", "user_id:b"), ("weakest", "user_id:a"), ("radar",)):
        command, *asked = words
        said = unify(command, space, *asked)
        assert said.code == 1
        assert "unify run" in said.err


def test_a_radar_without_findings(ran: Path) -> None:
    assert unify("radar", ran).out.strip() == "nothing suspicious"
    assert unify("radar", ran, "--json").json == {"total": 0, "blocking": 0, "findings": [], "lines": []}


def test_the_radar_lists_findings_and_lines_to_paste(space: Path) -> None:
    _append(space, "checks: {radar: {warn: {profile_size: 3}}}\n")
    said = unify("run", space, "--now", tiny_space.NOW)
    assert said.code == 0, said.err
    assert "Radar: one suspicious profile or identifier" in said.out
    said = unify("radar", space)
    assert "under `identity:`" in said.out
    assert "mapping_limit: 3" in said.out.splitlines()
    (found,) = unify("radar", space, "--json").json["findings"]
    assert (found["kind"], found["severity"], found["number"]) == ("profile_size", "warn", 4)
    assert "0 of 1; more: --limit 1" not in said.out


def test_what_blocks_lets_nothing_be_published_until_the_number_is_raised(space: Path) -> None:
    _append(space, STRICT)
    for words in (("run", "--now", tiny_space.NOW), ("run",), ("publish",)):
        command, *options = words
        said = unify(command, space, *options)
        assert said.code == 1, said.out
        assert "nothing was published: the radar has one finding that blocks" in said.err
        assert "jane" not in said.err
    # All else is done: the tables are there, and the run said so.
    assert unify("profile", space, "user_id:jane").code == 0
    assert unify("radar", space).out.startswith("one finding, of which 1 block")
    space.write_text(space.read_text().replace("block: {profile_size: 4}", "block: {profile_size: 5}"))
    assert unify("run", space).code == 0
    assert unify("radar", space, "--json").json["blocking"] == 0


def test_a_rebuild_finds_the_same(space: Path) -> None:
    _append(space, STRICT)
    unify("run", space, "--now", tiny_space.NOW)
    before = unify("radar", space, "--json").json
    assert before["total"] == 1
    for words in ([], ["--with-current-rules", "--now", tiny_space.NOW]):
        said = unify("rebuild", space, *words)
        assert said.code == 0, said.err
        found = unify("radar", space, "--json").json
        assert [{**row, "found_at": None} for row in found["findings"]] == [
            {**row, "found_at": None} for row in before["findings"]
        ]


def _append(space: Path, text: str) -> None:
    space.write_text(space.read_text(encoding="utf-8") + text, encoding="utf-8")
