from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipelines.config import load_space
from pipelines.errors import ConfigError
from tests.kernel.cases import cases

SOUND = """\
space: shop
store: warehouse.duckdb
inputs:
  profiles: [uploads/*.csv]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "uploads").mkdir()
    (tmp_path / "uploads" / "a.csv").write_text("email\n")
    return tmp_path


def refused(file: Path, environ: dict[str, str] | None = None) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        load_space(file, environ or {})
    return caught.value


@pytest.mark.parametrize("case", cases("config/faults.yaml"))
def test_faults(case: dict[str, Any], folder: Path) -> None:
    file = folder / "space.yaml"
    file.write_text(case["text"] if "text" in case else SOUND + case["append"], encoding="utf-8")
    error = refused(file, case.get("environ"))
    found = [
        f"{fault.where}: {fault.what}".removeprefix(str(file)).removeprefix(":") for fault in error.faults
    ]
    assert found == [_as_printed(fault) for fault in case["faults"]]
    for part in ("expected", "hint"):
        if part in case:
            assert any(str(getattr(fault, part)).startswith(case[part]) for fault in error.faults)
    for secret in case.get("environ", {}).values():
        assert secret not in str(error)


def _as_printed(fault: str) -> str:
    place, _, what = fault.partition(" ")
    return f"{place}: {what}" if place[0].isdigit() else f" {fault}"


def test_a_missing_file_names_itself(tmp_path: Path) -> None:
    file = tmp_path / "space.yaml"
    assert [str(fault) for fault in refused(file).faults] == [
        f"{file}: no such file\n  to do: check the path of the space file"
    ]


def test_a_folder_is_not_a_space_file(tmp_path: Path) -> None:
    assert "cannot be read" in str(refused(tmp_path))


def test_a_file_in_another_encoding(tmp_path: Path) -> None:
    file = tmp_path / "space.yaml"
    file.write_bytes("space: café".encode("latin-1"))
    assert "not UTF-8 text" in str(refused(file))
