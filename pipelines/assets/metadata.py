"""What assets show of themselves: rows, columns, small tables of counts, a plot. Never a customer's value."""

from collections.abc import Iterable, Sequence
from typing import Any

import dagster as dg
import duckdb

from pipelines.assets.plot import Bar, image
from pipelines.steps import report
from pipelines.steps.compute import ComputeReport
from pipelines.steps.load import LoadReport
from pipelines.steps.report import look
from pipelines.steps.tables import SyncTable

Metadata = dict[str, dg.MetadataValue[Any]]  # Any: whatever Dagster can show

LARGEST_BAR = 8
"""Profiles with more identifiers than this share one bar."""

MAIN_TABLE = {"updates": "id_graph_updates", "events": "tracks", "profiles": "profile_traits"}
"""The table of each kind whose rows and columns stand for the asset; all others are in its overview."""


def of_messages(con: duckdb.DuckDBPyConnection, done: LoadReport) -> Metadata:
    """How many messages there are, and how the rows of the files just taken are accounted for."""
    ((messages,),) = look(con, "messages")
    return {**rows(messages), **table(report.files(done)), **counts(done)}


def of_rejects(con: duckdb.DuckDBPyConnection) -> Metadata:
    """How many rows were rejected so far, by reason."""
    found = look(con, "reasons", batches=None)
    shown = [(reason, column, count, files) for reason, column, count, files, _ in found]
    heads = ("reason", "column", "rows", "files")
    return {**rows(sum(row[2] for row in shown)), "by reason": markdown(heads, shown)}


def of_graph(con: duckdb.DuckDBPyConnection, done: report.Report) -> Metadata:
    """How many profiles there are, before and after merging, and a plot of them by size."""
    merging = report.merging(con)
    profiles = sum(int(str(row[-1])) for row in merging.rows)
    return {
        **rows(profiles),
        **table(merging),
        "profiles by number of identifiers": _by_size(con),
        **counts(done),
    }


def of_tables(tables: Iterable[SyncTable], kind: str, done: report.Report) -> Metadata:
    """The tables of one kind with their sizes, and the columns of the one that matters most."""
    shown = [table for table in tables if table.kind == kind]
    main = next((table for table in shown if table.name == MAIN_TABLE[kind]), None)
    sizes = markdown(("table", "rows", "columns"), [(t.name, t.rows, len(t.columns)) for t in shown])
    return {**(_catalogued(main) if main else {}), "tables": sizes, **counts(done)}


def of_traits(done: ComputeReport) -> Metadata:
    """The traits that were due and how many values changed."""
    return {**rows(done.messages), **table(report.traits(done))}


def rows(count: int) -> Metadata:
    """A number of rows, under the name that Dagster's catalogue knows."""
    return {"dagster/row_count": dg.MetadataValue.int(count)}


def counts(done: report.Report) -> Metadata:
    """The counts of what a step did just now, each by itself: Dagster plots a number over the runs."""
    return {f"this run/{name}": dg.MetadataValue.int(count) for name, count in report.sizes(done).items()}


def table(shown: report.Table) -> Metadata:
    """A report's table under its title; none if it is empty."""
    return {shown.title.partition(":")[0].lower(): markdown(shown.columns, shown.rows)} if shown.rows else {}


def markdown(heads: Sequence[str], lines: Iterable[Sequence[object]]) -> dg.MarkdownMetadataValue:
    """A Markdown table: the first column to the left, the others to the right, thousands marked."""
    rule = ["---", *("---:" for _ in heads[1:])]
    cells = [list(heads), rule, *([_cell(cell) for cell in line] for line in lines)]
    return dg.MetadataValue.md("\n".join(f"| {' | '.join(line)} |" for line in cells))


def _catalogued(table: SyncTable) -> Metadata:
    columns = [dg.TableColumn(name, type_, meaning) for name, type_, meaning in table.columns]
    return {
        **rows(table.rows),
        "dagster/table_name": dg.MetadataValue.text(table.name),
        "dagster/column_schema": dg.MetadataValue.table_schema(dg.TableSchema(columns=columns)),
    }


def _by_size(con: duckdb.DuckDBPyConnection) -> dg.MarkdownMetadataValue:
    sizes = look(con, "sizes")
    shown = [Bar(str(size), count) for size, count in sizes if size <= LARGEST_BAR]
    more = sum(count for size, count in sizes if size > LARGEST_BAR)
    return dg.MetadataValue.md(image("profiles by size", [*shown, Bar(f"> {LARGEST_BAR}", more)]))


def _cell(cell: object) -> str:
    if isinstance(cell, int):
        return f"{cell:,}"
    return "" if cell is None else str(cell).replace("|", "\\|")
