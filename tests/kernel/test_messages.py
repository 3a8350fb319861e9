"""Every message for people says what, where, what was expected and what to do: read off the source itself."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from pipelines import errors
from pipelines.ingest.advice import ADVICE

CODE = Path(errors.__file__).parent
WITH_ANSWER = (
    "InputError",
    "FileRefused",
    "StoreError",
    "StoreLocked",
    "StoreMismatch",
    "DiskFull",
    "PublishError",
)
"""Errors without a next step that suits them all: each message brings its own."""


def raised() -> Iterator[tuple[str, str, dict[str, ast.expr]]]:
    """Each making of an error of the tree: where it stands, its class, its keywords."""
    for file in sorted(CODE.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                keywords = {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
                yield f"{file.relative_to(CODE)}:{node.lineno}", node.func.id, keywords


def is_said(keywords: dict[str, ast.expr], part: str) -> bool:
    value = keywords.get(part)
    return value is not None and not (isinstance(value, ast.Constant) and value.value is None)


def test_every_error_says_what_was_expected_and_what_to_do() -> None:
    made = [(at, kind, keywords) for at, kind, keywords in raised() if kind in (*WITH_ANSWER, "CheckFailed")]
    assert len(made) > 30
    lacking = [
        (at, part) for at, _, keywords in made for part in ("expected", "hint") if not is_said(keywords, part)
    ]
    assert lacking == []


def test_every_error_says_where_unless_it_is_about_a_word_just_typed() -> None:
    lacking = [
        at
        for at, kind, keywords in raised()
        if kind in WITH_ANSWER and kind != "InputError" and not is_said(keywords, "where")
    ]
    assert lacking == []


def test_faults_and_errors_of_traits_have_a_next_step_when_none_is_closer() -> None:
    assert "to do: " in str(errors.Fault("wrong", "space.yaml", 3, 1))
    assert "to do: " in str(errors.TraitError("no such column", where="a.sql"))


def test_no_hint_repeats_an_exception() -> None:
    """What a library says is no next step."""
    repeating = [
        at
        for at, _, keywords in raised()
        if "str(error)" in ast.unparse(keywords.get("hint", ast.Constant(None)))
    ]
    assert repeating == []


def test_every_reason_of_a_reject_has_its_advice() -> None:
    reasons: set[str] = set()
    for file in (CODE / "ingest").glob("*.py"):
        text = file.read_text(encoding="utf-8")
        reasons |= set(re.findall(r"\bfault\(\s*[\"']([a-z0-9_]+)[\"']", text))
        reasons |= set(re.findall(r"\bCheck\(\s*\"([a-z0-9_]+)\"", text))
        for names in re.findall(r"\[\"\", (\"short_row\".*?)\]", text):
            reasons |= set(re.findall(r"\"([a-z0-9_]+)\"", names))
        reasons |= {name for name in ("invalid_utf8", "nul_byte") if f'"{name}"' in text}
    assert reasons == set(ADVICE)
