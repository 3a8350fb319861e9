"""Reading the files of cases in tests/cases/traits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

_FOLDER = Path(__file__).parent.parent / "cases" / "traits"


def cases(name: str) -> list[Any]:
    """The cases of a file as parameters, each under its title."""
    found = yaml.safe_load((_FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    return [pytest.param(case, id=case["title"]) for case in found]
