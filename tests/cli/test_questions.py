"""The commands that only ask."""

from __future__ import annotations

from pathlib import Path

import pytest

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


@pytest.fixture(scope="module")
def companies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A space on which the job ran, with two companies that became one, and one of 25 people."""
    file = tiny_space.make(tmp_path_factory.mktemp("companies") / "space")
    zeta = {"id": "zeta", "type": "group_id", "collection": "accounts", "encoding": "none"}
    day = {"type": "group", "timestamp": "2026-04-10T10:00:00Z"}
    calls: list[dict[str, object]] = [
        {**day, "messageId": "g1", "userId": "jane", "groupId": "acme", "traits": {"plan": "pro"}},
        {**day, "messageId": "g2", "userId": "bob", "groupId": "zeta", "traits": {"size": 12}},
        {
            **day,
            "messageId": "g3",
            "userId": "bob",
            "groupId": "acme",
            "context": {"externalIds": [zeta]},
        },
    ]
    calls += [{**day, "messageId": f"n{n}", "userId": f"p{n}", "groupId": "crowd"} for n in range(25)]
    tiny_space.write_events(file.parent / "events" / "companies.jsonl", tuple(calls))
    said = unify("run", file, "--now", tiny_space.NOW)
    assert said.code == 0, said.err
    assert any(line.split()[:2] == ["accounts", "3"] for line in said.out.splitlines())
    return file


def test_profile_tells_the_accounts_of_a_person(companies: Path) -> None:
    found = unify("profile", companies, "email:jane@example.com", "--json").json["accounts"]
    assert [(row["identifiers"], row["first seen"]) for row in found] == [
        ("group_id acme, group_id zeta", "2026-04-10T10:00:00")
    ]


def test_profile_tells_identifiers_traits_merges_and_members_of_an_account(companies: Path) -> None:
    said = unify("profile", companies, "group_id:acme")
    assert said.code == 0, said.err
    for title in ("Identifiers", "Merged accounts", "Traits", "Members"):
        assert title in said.out
    found = unify("profile", companies, "group_id:acme", "--json").json
    assert found["traits"] == [{"name": "plan", "value": "pro"}, {"name": "size", "value": "12"}]
    assert sorted(row["identifier"] for row in found["members"]) == ["user_id bob", "user_id jane"]
    (merged,) = found["merged_accounts"]
    for who in ("group_id:zeta", found["segment_id"], merged["account"]):
        assert unify("profile", companies, who, "--json").json == found, who


def test_profile_says_how_many_members_it_does_not_show(companies: Path) -> None:
    said = unify("profile", companies, "group_id:crowd")
    assert "and 5 more: select * from account_memberships" in said.out


def test_status_counts_accounts_and_memberships(companies: Path) -> None:
    totals = unify("status", companies, "--json").json["standing"]["totals"]
    assert (totals["accounts"], totals["memberships"]) == (2, 27)


def test_nobody_is_a_clear_message_and_exit_1(ran: Path) -> None:
    for who, told in (
        ("email:nobody@example.com", "no profile has this email"),
        ("use_nobody", "no profile has this segment id"),
        ("group_id:nobody", "no account has this group_id"),
        ("acc_nobody", "no account has this segment id"),
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
    to_do = said.out.partition("to do:")[2].split("\n  ")
    assert [line.partition(":")[0] for line in to_do[1:]] == ["bad_timestamp", "no_identifier"]


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
    commands |= {"why", "why-not", "weakest", "radar"}
    assert commands - set(said.out.split()) == set()
