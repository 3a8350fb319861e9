"""How the command looks: results on stdout, progress and errors on stderr, bars where somebody watches."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichProgress
from rich.table import Table as RichTable
from rich.text import Text

from pipelines.steps.progress import SILENT, Progress
from pipelines.steps.report import Cell, Table

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""Control characters but for tab and line feed."""

PLAIN_WIDTH = 160
"""Characters a line of a table may have where the output is no terminal, and so has no width."""


class Bars:
    """Progress bars, one a piece of work, on a terminal."""

    def __init__(self, rich: RichProgress) -> None:
        self._rich = rich
        self._task = rich.add_task("", visible=False)

    def start(self, label: str, total: int | None) -> None:
        """Show a new bar, a pulsing one if the end is not known."""
        self._task = self._rich.add_task(label, total=total)

    def advance(self, n: int) -> None:
        """Move the newest bar."""
        self._rich.advance(self._task, n)

    def done(self) -> None:
        """Fill the newest bar, whatever was foreseen."""
        completed = self._rich.tasks[-1].completed or 1
        self._rich.update(self._task, total=completed, completed=completed)


class Lines:
    """One plain line a piece of work, written when it ends, for logs and pipes."""

    def __init__(self) -> None:
        self._label, self._began = "", time.monotonic()

    def start(self, label: str, total: int | None) -> None:  # noqa: ARG002 - a line has no use for what is foreseen
        """Remember what begins, and when."""
        self._label, self._began = label, time.monotonic()

    def advance(self, n: int) -> None:
        """Say nothing: a line is written once."""

    def done(self) -> None:
        """Write the line."""
        _write(sys.stderr, f"{self._label} ({time.monotonic() - self._began:.1f} s)")


@contextmanager
def progress(*, quiet: bool) -> Iterator[Progress]:
    """A listener that suits stderr: bars on a terminal, lines elsewhere, none if `quiet`."""
    console = Console(stderr=True)
    if quiet:
        yield SILENT
    elif console.is_terminal:
        columns = (
            SpinnerColumn(finished_text="✓"),
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeElapsedColumn(),
        )
        with RichProgress(*columns, console=console) as rich:
            yield Bars(rich)
    else:
        yield Lines()


def watched() -> bool:
    """Whether a person reads stdout, rather than a file or a pipe."""
    return sys.stdout.isatty()


def show(tables: Sequence[Table]) -> None:
    """Print tables to stdout, one below the other."""
    console = Console(width=None if watched() else PLAIN_WIDTH, highlight=False)
    with console.capture() as captured:
        for table in tables:
            console.print()
            console.print(_laid_out(table))
            if table.note:
                console.print(Text(visible(table.note), style="dim"))
    # Cells are padded to the width of their column, which in a log is noise.
    _write(sys.stdout, "\n".join(line.rstrip() for line in captured.get().splitlines()))


def show_json(value: Mapping[str, Any]) -> None:  # Any: whatever JSON can hold
    """Print one JSON document to stdout, times as ISO-8601."""
    _write(sys.stdout, json.dumps(value, ensure_ascii=False, indent=2, default=_as_text))


def say(text: str) -> None:
    """Print text to stdout as it stands."""
    _write(sys.stdout, visible(text))


def complain(text: str) -> None:
    """Print an error to stderr."""
    _write(sys.stderr, visible(text))


def visible(text: str) -> str:
    r"""Text with control characters spelled out, so that a customer's data cannot drive the terminal.

    >>> visible("a\x1b[31mb")
    'a\\x1b[31mb'
    """
    return CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def _laid_out(table: Table) -> RichTable:
    title = Text(table.title, style="bold")
    rich = RichTable(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for place, name in enumerate(table.columns):
        numbers = all(isinstance(row[place], int | float | None) for row in table.rows)
        rich.add_column(name, justify="right" if numbers else "left", overflow="fold")
    for row in table.rows:
        rich.add_row(*(_cell(cell) for cell in row))
    return rich


def _cell(cell: Cell) -> Text:
    """A cell as text: never as markup, because a customer's value may well hold a `[`."""
    if cell is None:
        return Text("")
    if isinstance(cell, int):
        return Text(f"{cell:,}")
    if isinstance(cell, datetime):
        return Text(cell.isoformat(sep=" ", timespec="seconds"))
    return Text(visible(str(cell)))


def _as_text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _write(stream: Any, text: str) -> None:  # Any: a text stream, which pytest and typer replace by their own
    stream.write(text + "\n")
    stream.flush()
