"""What is handed out: the wheel, the lock, the dependencies, the layers."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hatchling.builders.wheel import WheelBuilder
from importlinter import cli

from pipelines import sqlfiles

ROOT = Path(__file__).parents[2]

# Dependencies that nothing imports, and why they are there.
NOT_IMPORTED = {
    "dagster-webserver": "a process of its own, started by `make ui`",
    "pytz": "imported by DuckDB when it hands out times with zone",
}
DISTRIBUTIONS = {"phonenumbers": "phonenumberslite", "yaml": "pyyaml", "pydantic_core": "pydantic"}


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    tables: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return tables


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, unpacked as an installer would."""
    folder = tmp_path_factory.mktemp("wheel")
    (built,) = WheelBuilder(str(ROOT)).build(directory=str(folder), versions=["standard"])
    with zipfile.ZipFile(built) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_the_wheel_holds_every_module_and_every_sql_file(unpacked: Path) -> None:
    wheel = {str(file.relative_to(unpacked)) for file in unpacked.rglob("*") if file.is_file()}
    modules = {str(file.relative_to(ROOT)) for file in (ROOT / "pipelines").rglob("*.py")}
    files = {f"pipelines/_sql/{file.relative_to(ROOT / 'sql')}" for file in (ROOT / "sql").rglob("*.sql")}
    assert modules | files <= wheel
    assert {name.partition("/")[0] for name in wheel if "dist-info" not in name} == {"pipelines"}
    assert not [name for name in wheel if "__pycache__" in name]


def test_the_sql_files_are_read_from_the_wheel(unpacked: Path) -> None:
    code = "from pipelines import sqlfiles; print(sqlfiles.root(), *sqlfiles.tables('ops'))"
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command,
        cwd=unpacked.parent,
        env={"PYTHONPATH": str(unpacked)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == [str(unpacked / "pipelines" / "_sql"), *sqlfiles.tables("ops")]


def test_every_dependency_says_why_it_is_there() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    lists = re.findall(r"^(?:dependencies|test) = \[\n(.*?)^\]", text, re.MULTILINE | re.DOTALL)
    lines = [line for block in lists for line in block.splitlines()]
    assert lines
    assert [line for line in lines if not re.fullmatch(r'  "[^"]+", +# .+', line)] == []


def test_what_is_imported_is_declared_and_what_is_declared_is_imported(project: dict[str, Any]) -> None:
    declared = {re.split(r"[<>=~\[]", entry)[0] for entry in project["project"]["dependencies"]}
    imported = {DISTRIBUTIONS.get(name, name) for name in _imported(ROOT / "pipelines")}
    assert imported == declared - set(NOT_IMPORTED)


def _imported(folder: Path) -> set[str]:
    names = set()
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names.add(node.module.partition(".")[0])
    return names - set(sys.stdlib_module_names) - {"pipelines"}


def test_the_lock_pins_everything_by_hash_and_names_no_host(project: dict[str, Any]) -> None:
    lock = (ROOT / "requirements.lock").read_text()
    assert "://" not in lock
    assert "index" not in lock
    entries = re.split(r"\n(?! )", lock.strip())
    assert [entry for entry in entries if "==" not in entry or "--hash=sha256:" not in entry] == []
    locked = {entry.partition("==")[0].partition("[")[0].strip() for entry in entries}
    wanted = [*project["project"]["dependencies"], *project["project"]["optional-dependencies"]["test"]]
    assert {re.split(r"[<>=~\[]", entry)[0] for entry in wanted} <= locked


def test_the_build_needs_what_the_lock_holds(project: dict[str, Any]) -> None:
    assert set(project["build-system"]["requires"]) <= set(
        project["project"]["optional-dependencies"]["test"]
    )


def test_every_verb_of_the_makefile_is_listed() -> None:
    text = (ROOT / "Makefile").read_text()
    described = set(re.findall(r"^([a-z-]+):.*## ", text, re.MULTILINE))
    assert {"setup", "run", "test", "bench", "bench-peers", "lint", "ui", "help"} <= described


def test_layers_hold() -> None:
    assert (
        cli.lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True)
        == cli.EXIT_STATUS_SUCCESS
    )
