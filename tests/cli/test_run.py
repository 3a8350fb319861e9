"""The commands that do something."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests import tiny_space
from tests.cli.conftest import unify

UNIFY = [sys.executable, "-c", "from pipelines.cli import main; main()"]


def test_run_ends_with_true_tables(space: Path) -> None:
    said = unify("run", space, "--now", tiny_space.NOW)
    assert said.code == 0, said.err
    lines = [" ".join(line.split()) for line in said.out.splitlines()]
    assert "uploads/people.csv loaded 3 2 0 0 1 0" in lines
    assert "events/web.jsonl loaded 7 6 0 0 1 0" in lines
    assert "all 10 8 0 0 2 0" in lines
    assert any(line.startswith("users 7 ") for line in lines)


def test_a_piped_report_cuts_identifiers_short(space: Path) -> None:
    said = unify("run", space, "--now", tiny_space.NOW)
    assert "One person's story" in said.out
    assert "jane" not in said.out + said.err
    assert "j…" in said.out


def test_json_is_one_document_of_counts_and_nothing_else(space: Path) -> None:
    said = unify("run", space, "--now", tiny_space.NOW, "--json")
    assert said.err == ""
    assert said.json["resolve"]["merges"] == 1
    assert "jane" not in said.out


def test_a_second_run_says_in_one_line_that_nothing_was_new(space: Path) -> None:
    unify("run", space, "--now", tiny_space.NOW)
    said = unify("run", space, "--now", tiny_space.NOW)
    assert said.code == 0
    assert said.out.startswith("Nothing new: 2 files")
    assert len(said.out.splitlines()) == 1


def test_steps_one_by_one_do_what_run_does(space: Path, tmp_path: Path) -> None:
    other = tiny_space.make(tmp_path / "other")
    for command in ("load", "resolve", "materialize", "compute", "resolve", "materialize", "publish"):
        dated = ["--now", tiny_space.NOW] if command in {"load", "compute"} else []
        said = unify(command, space, *dated)
        assert said.code == 0, said.err
    unify("run", other, "--now", tiny_space.NOW)
    assert unify("profile", space, "user_id:jane").out == unify("profile", other, "user_id:jane").out


def test_publish_without_targets_says_so_and_succeeds(ran: Path) -> None:
    said = unify("publish", ran)
    assert said.code == 0
    assert "no targets" in said.out


def test_rebuild_changes_nothing_to_be_seen(space: Path) -> None:
    unify("run", space, "--now", tiny_space.NOW)
    before = unify("profile", space, "user_id:jane").out
    said = unify("rebuild", space)
    assert said.code == 0, said.err
    assert unify("profile", space, "user_id:jane").out == before


def test_load_again_takes_a_file_once_more_and_finds_duplicates(space: Path) -> None:
    unify("run", space, "--now", tiny_space.NOW)
    said = unify("load", space, "--again", space.parent / "events" / "web.jsonl", "--json")
    assert said.code == 0, said.err
    assert said.json["duplicates"] == 6


def test_a_trait_that_fails_is_told_after_everything_else_is_done(space: Path) -> None:
    tiny_space.add_failing_trait(space)
    said = unify("run", space, "--now", tiny_space.NOW)
    assert said.code == 1
    assert "Profiles, before and after merging" in said.out
    assert "sql trait lost" in said.err
    assert "nowhere" in said.err
    assert unify("status", space, "--json").json["last_run"]["status"] == "failed"


def test_progress_is_plain_lines_where_nobody_watches(space: Path) -> None:
    said = unify("run", space, "--now", tiny_space.NOW)
    assert "resolve batch 1" in said.err
    assert "\x1b" not in said.err + said.out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["run"], "SPACE"),
        (["run", "{space}", "--now", "soon"], "such as 2026-11-22T10:00:00Z"),
        (["run", "{space}", "--wait", "forever"], "a number and a unit"),
        (["fly", "{space}"], "No such command"),
        (["rebuild", "{space}", "--dry-run"], "--with-current-rules"),
        (["rejects", "{space}", "--limit", "-1"], "--limit"),
    ],
)
def test_bad_usage_exits_2(space: Path, words: list[str], told: str) -> None:
    said = unify(*(word.format(space=space) for word in words))
    assert said.code == 2
    assert told in " ".join(said.err.split())


def test_a_missing_space_file_exits_2_with_one_message(tmp_path: Path) -> None:
    said = unify("run", tmp_path / "none.yaml")
    assert said.code == 2
    assert "none.yaml" in said.err
    assert "Traceback" not in said.err


def test_every_fault_of_a_space_file_is_told_at_once(space: Path) -> None:
    space.write_text(
        space.read_text().replace("store:", "stor:").replace("inputs:", "input:"), encoding="utf-8"
    )
    said = unify("status", space)
    assert said.code == 2
    assert "stor" in said.err
    assert "input" in said.err


def test_a_store_held_by_another_process_exits_1_and_names_it(space: Path) -> None:
    unify("run", space, "--now", tiny_space.NOW)
    hold = (
        "import sys, datetime, pathlib\n"
        "from pipelines.config import load_space\n"
        "from pipelines.store import open_store\n"
        "with open_store(load_space(pathlib.Path(sys.argv[1])), datetime.timedelta()):\n"
        "    print('held', flush=True)\n"
        "    sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(space)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        said = unify("run", space)
        assert said.code == 1
        assert str(holder.pid) in said.err
        assert "--wait" in said.err
        busy = unify("status", space)
        assert busy.code == 0
        assert str(holder.pid) in busy.out
        assert unify("profile", space, "user_id:jane").code == 1
        holder.communicate("")


def test_the_installed_command_exits_like_the_one_called_here(space: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [*UNIFY, "run", str(space), "--now", tiny_space.NOW], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Profiles, before and after merging" in done.stdout
    failed = subprocess.run(
        [*UNIFY, "run", str(tmp_path / "none.yaml")], capture_output=True, text=True, check=False
    )
    assert failed.returncode == 2
    assert "Traceback" not in failed.stderr


def test_a_change_of_the_rules_is_said_and_older_batches_keep_theirs(space: Path) -> None:
    unify("run", space, "--now", tiny_space.NOW)
    rules = "identity: {identifiers: [{type: user_id}, {type: email, limit: 2}, {type: anonymous_id}]}\n"
    space.write_text(space.read_text(encoding="utf-8") + rules, encoding="utf-8")
    said = unify("run", space, "--now", tiny_space.NOW)
    assert "The identity rules were changed: the 2 older batches keep the rules they ran under" in said.out
    assert "unify rebuild SPACE --with-current-rules --dry-run" in said.out
    older = unify("status", space, "--json").json["standing"]["rules"]
    assert [(one["first"], one["last"], one["current"]) for one in older] == [(1, 2, False)]
    unify("load", space, "--again", space.parent / "events" / "web.jsonl")
    told = unify("status", space).out
    assert re.search(r"rules +\w{12}: batches 1 to 2\n +\w{12}: batch 3, as in the space file\n", told), told
    unify("run", space, "--now", tiny_space.NOW)
    said = unify("rebuild", space, "--with-current-rules", "--now", tiny_space.NOW)
    assert said.code == 0, said.err
    assert "were resolved by the current rules: generation 2" in said.out
    assert "The identity rules" not in unify("run", space, "--now", tiny_space.NOW).out


def test_what_the_current_rules_would_change_is_told_and_not_done(space: Path) -> None:
    unify("run", space, "--now", tiny_space.NOW)
    rules = "identity: {identifiers: [{type: user_id}, {type: email}, {type: anonymous_id, limit: 1}]}\n"
    space.write_text(space.read_text(encoding="utf-8") + rules, encoding="utf-8")
    jane = unify("profile", space, "user_id:jane").out
    said = unify("rebuild", space, "--with-current-rules", "--dry-run", "--now", tiny_space.NOW)
    assert said.code == 0, said.err
    assert "Nothing was changed" in said.out
    assert re.search(r"\nsplit +use_\w+ ", said.out)
    assert "jane" not in said.out
    assert unify("profile", space, "user_id:jane").out == jane
    told = unify("rebuild", space, "--with-current-rules", "--json", "--now", tiny_space.NOW).json
    assert told["changes"]["profiles"]["split"] == 1
    assert unify("profile", space, "user_id:jane").out != jane
