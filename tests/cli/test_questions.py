"""The commands that only ask."""

from __future__ import annotations

from pathlib import Path

from tests import tiny_space
from tests.cli.conftest import unify


def test_profile_tells_identifiers_traits_merges_and_events(ran: Path) -> None:
    said = unify("profile", ran, "email:jane@example.com")
    assert said.code == 0, said.err
    for title in ("Identifiers", "Merged profiles", "Traits", "Recent events"):
        assert title in said.out
    for value in ("jane@example.com", "laptop", "phone", "Ghent", "Order Completed", "orders"):
        assert value in said.out
    assert "bob" not in said.out


def test_profile_is_found_by_any_identifier_and_by_any_segment_id(ran: Path) -> None:
    person = unify("profile", ran, "user_id:jane", "--json").json
    ids = [person["segment_id"], *(row["profile"] for row in person["merged_profiles"])]
    assert len(ids) == 2
    for who in (*ids, "anonymous_id:phone", "anonymous_id:laptop", "email:JANE@example.com"):
        assert unify("profile", ran, who, "--json").json == person, who


def test_nobody_is_a_clear_message_and_exit_1(ran: Path) -> None:
    for who, told in (
        ("email:nobody@example.com", "no profile has this email"),
        ("use_nobody", "no profile has this segment id"),
        ("shoe_size:44", "expected: one of user_id, email"),
    ):
        said = unify("profile", ran, who)
        assert said.code == 1
        assert told in said.err
        assert "Traceback" not in said.err


def test_a_question_before_the_first_run_says_what_to_do(space: Path) -> None:
    said = unify("profile", space, "user_id:jane")
    assert said.code == 1
    assert "unify run" in said.err
    assert unify("status", space).code == 0


def test_rejects_tell_file_line_reason_and_the_row(ran: Path) -> None:
    said = unify("rejects", ran)
    assert said.code == 0
    assert "uploads/people.csv:4: no_identifier" in said.out
    assert ",,nobody" in said.out
    assert "events/web.jsonl:7: " in said.out


def test_rejects_are_chosen_by_file_and_reason_and_limited(ran: Path) -> None:
    everything = unify("rejects", ran, "--json").json
    assert everything["total"] == 2
    path = ran.parent / "uploads" / "people.csv"
    for words in (["--file", "people.csv"], ["--file", path], ["--reason", "no_identifier"]):
        found = unify("rejects", ran, *words, "--json").json
        assert [row["line"] for row in found["rejects"]] == [4], words
    one = unify("rejects", ran, "--limit", 1)
    assert "1 of 2" in one.out
    assert "no rejected row" in unify("rejects", ran, "--file", "other.csv").out


def test_status_tells_counts_and_what_waits(ran: Path) -> None:
    told = unify("status", ran, "--json").json
    assert told["last_run"]["status"] == "done"
    assert told["standing"]["totals"]["profiles"] == 3
    assert told["standing"]["files"] == 0
    assert told["standing"]["batches"] == []
    assert "tiny" in unify("status", ran).out


def test_status_counts_files_that_wait_before_the_first_run(space: Path) -> None:
    told = unify("status", space, "--json").json
    assert told["exists"] is False
    assert told["standing"]["files"] == 2


def test_status_tells_how_the_last_run_failed(space: Path) -> None:
    assert unify("run", space, "--now", tiny_space.NOW).code == 0
    failed = unify("load", space, "--again", space)
    assert failed.code == 1
    assert "not one of the space's inputs" in failed.err
    told = unify("status", space, "--json").json
    assert told["last_run"]["status"] == "failed"
    assert told["last_run"]["error"] in failed.err


def test_schema_is_a_json_schema_of_the_space_file() -> None:
    schema = unify("schema").json
    assert "identity" in schema["properties"]


def test_help_lists_every_command() -> None:
    said = unify("--help")
    commands = {"run", "load", "resolve", "materialize", "compute", "publish"}
    commands |= {"status", "rejects", "profile", "rebuild", "schema"}
    assert commands - set(said.out.split()) == set()
