"""The benchmark's tables as Markdown, and the bars they are held against."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from .job import Result
from .measure import Cost

# held at 10 million events on two cores
IDENTITY_BAR = 2.0
WHOLE_BAR = {"jsonl": 5.0, "parquet": 12.0}
MEMORY_BAR = 8e9
FLOOR_NAMES = {
    "table": "floor 1: read into a table",
    "memory": "floor 1, in memory",
    "identifiers": "floor 2: distinct identifiers",
}


@dataclass(frozen=True, slots=True)
class Bar:
    """One number and the most it may be."""

    name: str
    value: float
    bar: float
    unit: str

    @property
    def held(self) -> bool:
        return self.value <= self.bar


def bars(result: Result) -> tuple[Bar, ...]:
    """The three bars of a result."""
    peak = max(result.whole.peak, *(cost.peak for _, cost in result.steps))
    return (
        Bar(
            "identity resolution / floor 2",
            result.identity.wall / result.floors["identifiers"].wall,
            IDENTITY_BAR,
            "x",
        ),
        Bar(
            "whole job / floor 1",
            result.whole.wall / result.floors["table"].wall,
            WHOLE_BAR[result.form],
            "x",
        ),
        Bar("highest peak memory", peak / 1e9, MEMORY_BAR / 1e9, " GB"),
    )


def machine_line(date: str) -> str:
    """Where and with what it was measured."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    packages = " ".join(f"{name} {version(name)}" for name in ("duckdb", "polars", "numba", "numpy"))
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    machine = f"{cores} cores, {memory:.0f} GB, {_processor()}"
    return f"{date}: {machine}, Python {platform.python_version()}, {packages}"


def table(result: Result) -> str:
    """Cost per step and floor, then the bars."""
    lines = [
        f"### {result.events:,} events from {result.form}",
        "",
        "| | wall s | CPU s | peak MB | share |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    together = sum(cost.wall for _, cost in result.steps)
    for name, cost in _named_steps(result):
        lines.append(_row(name, cost, f"{cost.wall / together:.0%}"))
    speed = f"{result.events / result.whole.wall:,.0f} events/s"
    lines.append(_row("**whole job** (`unify run`)", result.whole, speed))
    for floor, cost in result.floors.items():
        lines.append(_row(FLOOR_NAMES[floor], cost, ""))
    lines += ["", "| | measured | bar | |", "| --- | ---: | ---: | --- |"]
    for bar in bars(result):
        verdict = "held" if bar.held else "MISSED"
        lines.append(f"| {bar.name} | {bar.value:.2f}{bar.unit} | {bar.bar:g}{bar.unit} | {verdict} |")
    lines += ["", f"Store and message sets afterwards: {result.store_bytes / 1e6:,.0f} MB."]
    return "\n".join(lines)


def _named_steps(result: Result) -> list[tuple[str, Cost]]:
    """The steps in order; the second time a step runs, it carries the messages that compute made."""
    seen: set[str] = set()
    named = []
    for name, cost in result.steps:
        named.append((f"{name} (traits)" if name in seen else name, cost))
        seen.add(name)
    return named


def _row(name: str, cost: Cost, last: str) -> str:
    return f"| {name} | {cost.wall:.1f} | {cost.cpu:.1f} | {cost.peak / 1e6:,.0f} | {last} |"


def _processor() -> str:
    """The processor's name where the system tells it."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            line.partition(":")[2].strip()
            for line in info.read_text().splitlines()
            if line.startswith("model name")
        ]
        if names:
            return names[0]
    return platform.processor() or platform.machine()
