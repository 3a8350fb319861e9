"""What a run did, as a few small tables for people: files, rejects, traits, merging, the largest, a story.

All but the first and the third are read from the store after the work, so they say what is there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

import duckdb

from pipelines import sqlfiles
from pipelines.config import Space
from pipelines.errors import CheckFailed, UnifyError
from pipelines.ingest.found import discover

if TYPE_CHECKING:
    from pipelines.steps.compute import ComputeReport
    from pipelines.steps.load import FileReport, LoadReport
    from pipelines.steps.publish import PublishReport
    from pipelines.steps.renew import RenewReport
    from pipelines.steps.run import RunReport

Cell = str | int | float | datetime | None

FILES_SHOWN, REASONS_SHOWN, LARGEST_SHOWN, STORY_SHOWN = 12, 8, 5, 12


@dataclass(frozen=True, slots=True)
class Table:
    """A small table: a title, its column heads, its rows, and perhaps a sentence below it."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str | None = None

    def as_dicts(self) -> list[dict[str, Cell]]:
        """The rows, each by column head, with times as ISO-8601 text: ready for JSON."""
        cells = [
            [cell.isoformat() if isinstance(cell, datetime) else cell for cell in row] for row in self.rows
        ]
        return [dict(zip(self.columns, row, strict=True)) for row in cells]


def look(con: duckdb.DuckDBPyConnection, name: str, **params: object) -> list[tuple[Any, ...]]:  # Any: cells
    """The rows of the query `sql/look/<name>.sql` on an open store."""
    query = sqlfiles.read(f"look/{name}.sql")
    return (con.execute(query, params) if params else con.execute(query)).fetchall()


class Report(Protocol):
    """What a step returns."""

    def as_dict(self) -> Any:  # Any: a mapping to counts, and to lists and mappings of them
        """Ready for JSON."""


def sizes(done: Report) -> dict[str, int]:
    """The counts of a report by name; a list counts by its length, what is no number is left out."""
    counts = done.as_dict().items()
    numbers = {name: len(value) if isinstance(value, list | tuple) else value for name, value in counts}
    return {name: number for name, number in numbers.items() if isinstance(number, int)}


def counted(done: Report) -> str:
    """The counts of a report in one line, zeros left out."""
    told = [f"{name.replace('_', ' ')} {count:,}" for name, count in sizes(done).items() if count]
    return ", ".join(told) or "nothing to do"


def loaded(done: LoadReport) -> str:
    """The counts of a load, and a line for each file that was refused."""
    return "\n".join(
        [counted(done), *(f"refused: {file.message}" for file in done.files if file.status == "refused")]
    )


def published(done: PublishReport) -> str:
    """What was brought up to date."""
    return ", ".join(done.targets) or "the space has no targets, so its store is the only warehouse"


def is_idle(done: RunReport) -> bool:
    """Whether a run found nothing to do: no file to take, no batch left half-way, no trait that changed."""
    return not (done.load.files or done.resolve.batches or done.materialize.batches or done.compute.batch)


def nothing_new(space: Space) -> str:
    """What an idle run has looked at, in one line."""
    files = len(discover(space))
    unchanged = ", no trait changed" if space.computed or space.sql_traits else ""
    return f"Nothing new: {files:,} file{'' if files == 1 else 's'} seen before{unchanged}."


def rules_note(done: RunReport) -> str:
    """What a change of the identity rules means for the batches before it."""
    return (
        f"The identity rules were changed: the {done.other_rules:,} older batches keep the rules they ran"
        " under; the new ones hold for new batches. What they would change in all of them says"
        " unify rebuild SPACE --with-current-rules --dry-run"
    )


def renewed(done: RenewReport) -> str:
    """What resolving anew did, or would do, below its tables."""
    told = [
        f"Nothing was changed: without --dry-run, {done.batches:,} batches are resolved by the current rules."
        if done.dry_run
        else f"{done.batches:,} batches were resolved by the current rules: generation {done.generation}."
    ]
    if done.reread and done.nameless:
        told.append(
            f"{done.nameless:,} rows were rejected for want of an identifier and still are;"
            " rows that have one now come with: unify load SPACE --again FILE"
        )
    return "\n".join(told)


def require_traits(computed: ComputeReport) -> None:
    """Raise `UnifyError` with what went wrong if traits failed; they keep their values, all else is done."""
    failed = [
        f"{trait.kind} trait {trait.key}: {trait.message or trait.outcome}" for trait in computed.failed
    ]
    if failed:
        raise UnifyError(
            "\n".join(["traits failed and keep the values they had; everything else is done", *failed]),
            hint="correct their definitions; the next run tries them again",
        )


def radar_note(done: RunReport) -> str | None:
    """How much the radar has found; None if nothing."""
    found = done.radar.findings
    count = (
        "one suspicious profile or identifier"
        if found == 1
        else f"{found:,} suspicious profiles or identifiers"
    )
    return f"Radar: {count}; see them with `unify radar`." if found else None


def require_clear(published: PublishReport, space: Space) -> None:
    """Raise `CheckFailed` if the radar has let nothing be published."""
    if published.blocked_by:
        count = published.blocked_by
        found = "one finding that blocks" if count == 1 else f"{count:,} findings that block"
        raise CheckFailed(
            f"nothing was published: the radar has {found}; all else is done",
            where=str(space.file),
            expected="no finding that reaches a number of `checks: radar: block:`",
            hint="see them with `unify radar`; correct the rules and rebuild, or raise the number",
        )


def run_tables(con: duckdb.DuckDBPyConnection, done: RunReport, *, values: bool) -> tuple[Table, ...]:
    """All tables of a run; empty ones are left out.

    `values=False` cuts customers' identifiers to their first character, for output that may be kept as a log.
    """
    tables = (
        files(done.load),
        reasons(con, done.load.batches),
        traits(done.compute),
        merging(con),
        largest(con),
        story(con, values=values),
    )
    return tuple(table for table in tables if table.rows)


def files(done: LoadReport) -> Table:
    """The files of a load and how their rows are accounted for, with a last row of totals."""
    shown: list[tuple[Cell, ...]] = [
        (file.path, file.status, *_counts(file)) for file in done.files[:FILES_SHOWN]
    ]
    if len(done.files) > FILES_SHOWN:
        rest = done.files[FILES_SHOWN:]
        shown.append((f"{len(rest):,} more files", "", *_sums(rest)))
    if len(done.files) > 1:
        shown.append(("all", "", *_sums(done.files)))
    refused = [str(file.message) for file in done.files if file.status == "refused"]
    return Table(
        "Files: rows = loaded + repaired + duplicate + rejected + filtered",
        ("file", "status", "rows", "loaded", "repaired", "duplicate", "rejected", "filtered"),
        tuple(shown),
        "\n".join(refused[:FILES_SHOWN]) or None,
    )


def reasons(con: duckdb.DuckDBPyConnection, batches: Sequence[int] | None = None) -> Table:
    """Why rows of these batches (None: of all) were rejected, with one place each."""
    found = look(con, "reasons", batches=None if batches is None else list(batches))
    more = len(found) - REASONS_SHOWN
    return Table(
        "Rejected rows, by reason",
        ("reason", "column", "rows", "files", "for example"),
        tuple(found[:REASONS_SHOWN]),
        f"and {more} more reasons; see `unify rejects`" if more > 0 else None,
    )


def traits(computed: ComputeReport) -> Table:
    """The traits that were due, and how many profiles or identifiers got another value."""
    return Table(
        "Traits",
        ("trait", "kind", "outcome", "values", "changed"),
        tuple((trait.key, trait.kind, trait.outcome, trait.rows, trait.changed) for trait in computed.traits),
    )


def merging(con: duckdb.DuckDBPyConnection) -> Table:
    """How many profiles the identifiers made, before and after merging."""
    return Table(
        "Profiles, before and after merging",
        ("collection", "identifiers", "before", "merged away", "after"),
        tuple(look(con, "merging")),
    )


def largest(con: duckdb.DuckDBPyConnection) -> Table:
    """The profiles with most identifiers."""
    return Table(
        "The largest profiles",
        ("profile", "identifiers", "types", "merged profiles", "messages"),
        tuple(look(con, "largest", count=LARGEST_SHOWN)),
    )


def story(con: duckdb.DuckDBPyConnection, *, values: bool) -> Table:
    """How one person was pieced together, message by message; no rows if nobody was merged yet.

    The person is chosen by `sql/look/hero.sql`, so the same store always tells the same story.
    """
    title, heads = "One person's story", ("when", "message", "what it told")
    hero = look(con, "hero")
    if not hero:
        return Table(title, heads, ())
    segment_id = hero[0][0]
    told = [
        (when, _message(call, event, source), _told(created, merged, identifiers))
        for when, call, event, source, created, merged, identifiers in look(
            con, "story", segment_id=segment_id, values=values
        )
    ]
    more = len(told) - STORY_SHOWN
    notes = [f"and {more} more messages"] if more > 0 else []
    notes += [] if values else ["identifiers are cut short here"]
    notes.append(f"all of it: unify profile SPACE {segment_id}")
    return Table(f"{title}: {segment_id}", heads, tuple(told[:STORY_SHOWN]), "; ".join(notes))


def _message(call: str, event: str | None, source: str | None) -> str:
    parts = (call, f"“{event}”" if event else "", f"from {source}" if source else "")
    return " ".join(part for part in parts if part)


def _told(created: int, merged: int, identifiers: Sequence[str]) -> str:
    parts = ["a new profile"] if created else []
    parts += [f"{merged} profile{'s' if merged > 1 else ''} merged: the same person"] if merged else []
    return "; ".join(parts + list(identifiers))


def _counts(file: FileReport) -> tuple[int, ...]:
    return (file.rows, file.loaded, file.repaired, file.duplicate, file.rejected, file.filtered)


def _sums(files: Iterable[FileReport]) -> list[int]:
    return [sum(column) for column in zip(*map(_counts, files), strict=True)]
