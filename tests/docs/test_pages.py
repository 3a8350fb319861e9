"""What the pages name exists, and what exists is named."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer

from pipelines.cli import app
from tests.docs.markdown import PAGES, ROOT, code_words, links

README = ROOT / "README.md"
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]  # a group, as the app has several
TARGETS = re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


def said(page: Path, command: str) -> list[list[str]]:
    """The words after `command` wherever the page shows it in code."""
    pattern = re.compile(rf"(?:^|[\s/;]){command} +([^#`|]*)")
    return [match[1].split() for words in code_words(page) for match in [pattern.search(words)] if match]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    assert [target for target in links(page) if not target.exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_and_options_shown_exist(page: Path) -> None:
    for words in said(page, "unify"):
        name, *arguments = words
        for command in name.split("|"):
            assert command in COMMANDS, words
            options = {option for parameter in COMMANDS[command].params for option in parameter.opts}
            assert {word for word in arguments if word.startswith("--")} <= options, words
    for words in said(page, "make"):
        assert set(words) <= set(TARGETS), words


def test_every_command_is_in_the_readme() -> None:
    shown = {words[0] for words in said(README, "unify") if words}
    assert sorted(set(COMMANDS) - shown) == []


def test_every_table_is_in_the_readme() -> None:
    text = README.read_text(encoding="utf-8")
    tables = {path.stem for path in (ROOT / "sql" / "tables").glob("*.sql")}
    ops = {f"ops.{path.stem}" for path in (ROOT / "sql" / "tables" / "ops").rglob("*.sql")}
    assert sorted(name for name in tables | ops if f"`{name}`" not in text) == []


def test_every_make_target_is_in_the_readme() -> None:
    shown = {word for words in said(README, "make") for word in words}
    assert sorted(set(TARGETS) - shown) == []


def test_every_folder_of_the_package_is_on_the_tour() -> None:
    text = (ROOT / "pipelines" / "README.md").read_text(encoding="utf-8")
    rooms = {path.parent.name for path in (ROOT / "pipelines").glob("*/__init__.py")}
    assert sorted(room for room in rooms if f"{room}/" not in text) == []


def test_functions_on_the_tour_exist() -> None:
    """The tour names functions as `module.function` or `folder/module.function`."""
    text = (ROOT / "pipelines" / "README.md").read_text(encoding="utf-8")
    for module, function in re.findall(r"`((?:\w+/)*\w+)\.(\w+)\(\)`", text):
        source = ROOT / "pipelines" / f"{module}.py"
        assert source.exists(), module
        assert re.search(
            rf"^\s*(?:def|class) {function}\b", source.read_text(encoding="utf-8"), re.MULTILINE
        ), function
