"""What a page shows of a question's answer is what the command prints, asked of the sample."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from pipelines.cli import app
from tests.docs.markdown import PAGES, Block, blocks
from tests.docs.results import SampleRun

ASKED = [
    block
    for page in PAGES
    for block in blocks(page, "sh")
    if block.text.startswith("unify ") and block.shown is not None
]


@pytest.mark.parametrize("question", ASKED, ids=lambda question: question.where)
def test_an_answer_shown_is_printed(sample_run: SampleRun, question: Block) -> None:
    root = sample_run.store.parent.parent
    words = [str(root / word) if word.endswith(".yaml") else word for word in question.text.split()[1:]]
    printed = CliRunner().invoke(app, words, catch_exceptions=False).stdout.splitlines()
    shown = [line for line in str(question.shown).splitlines() if line not in ("", "…")]
    assert shown
    assert [line for line in shown if line not in printed] == []


def test_answers_are_shown() -> None:
    assert len(ASKED) >= 1
