"""`python -m tests.bench.peers`: identity resolution beside libraries that find connected components.

All read the same files in the same run. The peers are installed into an environment of their own below the
cache, once; one that cannot be installed is named and left out.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from .job import new_space, prepare, unify, warm
from .measure import Cost, StepFailedError, measure
from .report import machine_line

NEEDED = ("duckdb", "polars", "numpy", "pyarrow")
PEERS = {
    "duckdb using key": "",
    "scipy components": "scipy",
    "polars star contraction": "",
    "igraph": "igraph",
    "rustworkx": "rustworkx",
    "splink clustering": "splink pandas",
}
"""What is compared, and the distributions each needs besides."""
SCALE = {"k": 1_000, "M": 1_000_000}


def main(arguments: list[str] | None = None) -> int:
    options = _options(arguments)
    cache = Path(options.cache)
    cache.mkdir(parents=True, exist_ok=True)
    events = int(float(options.events.rstrip("kM")) * SCALE.get(options.events[-1:], 1))
    python, absent = _environment(cache, options.peers.split(",") if options.peers else list(PEERS))
    print(machine_line(options.date or datetime.now(UTC).date().isoformat()))
    costs: dict[str, list[Cost]] = {}
    source = prepare(cache, events, "parquet")
    for _ in range(options.runs):  # interleaved: what slows the machine down slows all of them
        for name, cost in _round(cache, source, python, absent):
            costs.setdefault(name, []).append(cost)
    print(table(events, options.runs, costs, absent))
    return 0


def table(events: int, runs: int, costs: dict[str, list[Cost]], absent: dict[str, str]) -> str:
    """Medians as Markdown, the quickest first; what was left out comes last, with the reason."""
    lines = [
        f"### {events:,} events from Parquet, medians of {runs}",
        "",
        "| | wall s | CPU s | peak MB |",
        "| --- | ---: | ---: | ---: |",
    ]
    middle = {
        name: Cost(
            median(cost.wall for cost in each),
            median(cost.cpu for cost in each),
            int(median(cost.peak for cost in each)),
        )
        for name, each in costs.items()
    }
    for name, cost in sorted(middle.items(), key=lambda item: item[1].wall):
        lines.append(f"| {name} | {cost.wall:.1f} | {cost.cpu:.1f} | {cost.peak / 1e6:,.0f} |")
    lines += [f"| {name} | {reason} | | |" for name, reason in absent.items()]
    return "\n".join(lines)


def _round(cache: Path, source: Path, python: Path, absent: dict[str, str]) -> Iterator[tuple[str, Cost]]:
    files = f"{source.resolve()}/*.parquet"
    with TemporaryDirectory(prefix="peers-", dir=cache) as folder:
        work = Path(folder)
        warm(source)
        floor = [sys.executable, "-m", "tests.bench.floors", "identifiers", files, str(work)]
        yield "floor: DuckDB writes the distinct identifiers", measure(floor, work / "floor.log")
        space = new_space(work / "unify", files)
        unify(space, "load")
        yield "**unify resolve**, all rules, from stored messages", unify(space, "resolve")
        script = Path(__file__).with_name("peerwork.py")
        for peer in PEERS:
            if peer in absent:
                continue
            warm(source)
            out = work / "peer.parquet"
            try:
                yield peer, measure([str(python), str(script), peer, files, str(out)], work / "peer.log")
            except StepFailedError as failure:
                absent[peer] = f"failed: {str(failure).splitlines()[-1][:80]}"


def _environment(cache: Path, wanted: list[str]) -> tuple[Path, dict[str, str]]:
    """The peers' own interpreter, and those that are not there, with the reason."""
    absent = {peer: "not asked for" for peer in PEERS if peer not in wanted}
    python = cache.resolve() / "peers" / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(cache / "peers")], check=True)
    if not _installed(python, *NEEDED):
        raise SystemExit("the peers need duckdb, polars, numpy and pyarrow, which could not be installed")
    for peer in wanted:
        if PEERS[peer] and not _installed(python, *PEERS[peer].split()):
            absent[peer] = "not installed"
    return python, absent


def _installed(python: Path, *distributions: str) -> bool:
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *distributions]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.peers", description=__doc__)
    parser.add_argument("--events", default="10M", help="how many (default %(default)s)")
    parser.add_argument("--runs", type=int, default=3, help="rounds; medians count (default %(default)s)")
    parser.add_argument("--peers", help=f"only these, by comma: {', '.join(PEERS)}")
    parser.add_argument("--cache", default=".bench", help="folder for events and environment")
    parser.add_argument("--date", help="the date to print instead of today's")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
