"""The committed sample is what its script writes, and keeps its promises about itself."""

from __future__ import annotations

import gzip
import importlib.util
import json
import re
from pathlib import Path

import pytest

SAMPLE = Path(__file__).resolve().parents[2] / "data" / "sample"


@pytest.fixture(scope="module")
def generated() -> dict[str, bytes]:
    spec = importlib.util.spec_from_file_location("make_sample", SAMPLE / "make_sample.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    files: dict[str, bytes] = module.sample_files()
    return files


def committed() -> dict[str, bytes]:
    """Uncompressed, because the compressed bytes may differ between builds of zlib."""
    paths = sorted([*SAMPLE.glob("uploads/*"), *SAMPLE.glob("events/*")])
    return {
        path.relative_to(SAMPLE).as_posix(): gzip.decompress(raw) if path.suffix == ".gz" else raw
        for path in paths
        for raw in [path.read_bytes()]
    }


def test_running_the_script_again_gives_the_committed_files(generated: dict[str, bytes]) -> None:
    there = committed()
    assert sorted(generated) == sorted(there)
    assert [path for path in there if generated[path] != there[path]] == []


def test_the_sample_is_about_as_large_as_it_says() -> None:
    lines = sum(content.count(b"\n") for path, content in committed().items() if path.startswith("events/"))
    assert 55_000 <= lines <= 65_000
    assert sum(path.stat().st_size for path in SAMPLE.glob("*/*")) < 3_000_000


def test_nothing_in_it_reaches_a_real_person(generated: dict[str, bytes]) -> None:
    everything = b"\n".join(generated.values()).decode()
    # test@test.com is the junk value that the space blocks; its domain receives no mail from here
    domains = {found.lower() for found in re.findall(r"@([A-Za-z0-9.-]+)", everything)} - {"test.com"}
    assert domains <= {"example.com", "example.net", "example.org"}
    numbers = set(re.findall(r"\+1\d{10}", everything))
    assert numbers
    assert [number for number in numbers if not re.fullmatch(r"\+1\d{3}55501\d\d", number)] == []


def test_most_lines_are_calls_and_the_bad_ones_are_few(generated: dict[str, bytes]) -> None:
    unreadable = 0
    for path, content in generated.items():
        if path.startswith("events/"):
            for line in content.decode().splitlines():
                try:
                    unreadable += not isinstance(json.loads(line), dict)
                except json.JSONDecodeError:
                    unreadable += 1
    assert unreadable == 3
