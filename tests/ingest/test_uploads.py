"""Profiles CSV: the cases of `tests/cases/csv/uploads.yaml`, and bytes that YAML cannot hold."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.ingest.loading import Desk
from tests.ingest.test_calls import shown

CASES = yaml.safe_load((Path(__file__).parent.parent / "cases/csv/uploads.yaml").read_text())


def settings(case: dict[str, Any]) -> dict[str, Any]:
    """Settings of the input, lists as the tuples they are in a space."""
    return {
        name: tuple(map(tuple, value)) if isinstance(value, list) else value
        for name, value in case.get("input", {}).items()
    }


def content(case: dict[str, Any]) -> bytes:
    text: str = case["latin" if "latin" in case else "text"]
    return text.encode("windows-1252" if "latin" in case else "utf-8")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["title"])
def test_uploads(tmp_path: Path, case: dict[str, Any]) -> None:
    desk = Desk(tmp_path)
    desk.input("profiles", "*.csv", **settings(case))
    desk.put("a.csv", content(case))
    (report,) = desk.load().files
    assert report.code == case.get("refused")
    if report.code:
        assert (report.message or "").startswith(f"{case['where']}: ")
        assert case.get("hint", "") in (report.message or "")
        assert desk.files()[0]["status"] == "refused"
    rejects = [[row["line"], row["column"], row["reason"], row["raw"]] for row in desk.rejects()]
    assert rejects == case.get("rejects", [])
    sha = hashlib.sha256(content(case)).hexdigest()
    wanted = json.loads(json.dumps(case.get("messages", [])).replace("{sha16}", sha[:16]))
    found = [
        {name: shown(message, name) for name in want}
        for message, want in zip(desk.messages(), wanted, strict=True)
    ]
    assert [meaning(one) for one in found] == [meaning(one) for one in wanted]
    assert report.rows == len(found) + len(rejects)


def meaning(message: dict[str, Any]) -> dict[str, Any]:
    """Traits compared as pairs: their order counts, the spelling of an escape does not."""
    traits = message.get("traits")
    return {**message, "traits": list(json.loads(traits, strict=False).items()) if traits else None}


@pytest.mark.parametrize(
    ("row", "reason", "raw"),
    [(b"u2,\xe9t\xe9", "invalid_utf8", "u2,\\xE9t\\xE9"), (b"u2,a\0b", "nul_byte", "u2,a\\x00b")],
)
def test_bytes_that_are_no_text_reject_their_row(tmp_path: Path, row: bytes, reason: str, raw: str) -> None:
    desk = Desk(tmp_path)
    desk.input("profiles", "*.csv")
    desk.put("a.csv", b"user_id,name\nu1,a\n" + row + b"\nu3,\xc3\xa9\n")
    (report,) = desk.load().files
    assert (report.rows, report.loaded, report.rejected) == (3, 2, 1)
    (reject,) = desk.rejects()
    assert (reject["line"], reject["reason"], reject["raw"]) == (3, reason, raw)


def test_an_encoding_that_does_not_fit_refuses_the_file_and_names_the_line(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.input("profiles", "*.csv", encoding="ascii")
    desk.put("a.csv", "user_id,name\nu1,a\nu2,é\n")
    (report,) = desk.load().files
    assert (report.status, report.code) == ("refused", "WRONG_ENCODING")
    assert (report.message or "").startswith("a.csv:3: ")


def test_utf16_is_refused_unless_it_is_declared(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.input("profiles", "*.csv")
    desk.put("a.csv", "user_id,name\nu1,é\n".encode("utf-16"))
    assert desk.load().files[0].code == "WRONG_ENCODING"
    desk.inputs.clear()
    desk.input("profiles", "*.csv", encoding="utf-16")
    assert desk.load().files[0].loaded == 1


def test_a_field_of_megabytes_across_blocks(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.input("profiles", "*.csv")
    big = 'line "of" text\n' * 1_200_000
    quoted = big.replace('"', '""')
    desk.put("a.csv", f'user_id,note\nu1,a\nu2,"{quoted}"\nu3,b\n')
    (report,) = desk.load().files
    assert (report.rows, report.loaded) == (3, 3)
    messages = desk.messages()
    assert json.loads(messages[1]["traits"])["note"] == big
    assert messages[2]["line"] == 4 + big.count("\n")
