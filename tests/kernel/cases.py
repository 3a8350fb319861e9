"""Reads the case files of the kernel's tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

FOLDER = Path(__file__).parents[1] / "cases"


def cases(path: str) -> list[Any]:
    """The cases in `tests/cases/<path>`, each under its title."""
    entries = yaml.safe_load((FOLDER / path).read_text(encoding="utf-8"))
    return [pytest.param(entry, id=str(entry.get("title", entry.get("name")))) for entry in entries]
