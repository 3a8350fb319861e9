"""The command `unify`: the steps of the job, one by one or all at once, and questions to a space's store."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Protocol, TypeVar

import typer
from typer.core import TyperGroup

from pipelines import config, terminal
from pipelines.config import Space
from pipelines.durations import duration
from pipelines.errors import UnifyError
from pipelines.steps import look, report
from pipelines.steps.journal import noted
from pipelines.steps.progress import Progress
from pipelines.steps.reading import reading
from pipelines.steps.status import status as status_of
from pipelines.store import Store, open_store

# The steps are imported by the commands that do them: their compiled parts take a second to import, which is
# long for somebody who only asks a question.


class Readable(TyperGroup):
    """Commands whose foreseen errors are one message on stderr and an exit code, never a traceback."""

    def invoke(self, ctx: Any) -> Any:  # Any: as in the class extended
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except UnifyError as error:
            terminal.complain(str(error))
            raise typer.Exit(error.exit_code) from None


app = typer.Typer(
    name="unify",
    cls=Readable,
    help="Turn uploads of customer profiles and historical events into unified profiles.",
    epilog="Exit code: 0 done, 1 the run failed, 2 bad usage or a faulty space file.",
    no_args_is_help=True,
    add_completion=False,
    # A traceback that shows the values of variables would show customers' data.
    pretty_exceptions_enable=False,
)


def main() -> None:
    """What the installed script `unify` calls."""
    app()


def _moment(text: str) -> datetime:
    """A time as ISO-8601, UTC unless it says otherwise, as naive UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("expected a time such as 2026-11-22T10:00:00Z") from None
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def _wait(text: str) -> timedelta:
    try:
        return duration(text)
    except ValueError as error:
        raise typer.BadParameter(f"expected {error}") from None


SpaceFile = Annotated[Path, typer.Argument(metavar="SPACE", help="The space file (YAML).")]
Now = Annotated[
    datetime | None,
    typer.Option(parser=_moment, metavar="ISO", help="Time of the batch; the clock if not given."),
]
Wait = Annotated[
    timedelta, typer.Option(parser=_wait, metavar="TIME", help="Wait so long for another writer, such as 5m.")
]
Identifier = Annotated[str, typer.Argument(help="An identifier such as email:jane@example.com.")]
Again = Annotated[list[Path] | None, typer.Option(metavar="FILE", help="Take this file once more.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document, for machines.")]
AT_ONCE: Any = "0s"  # Any: typer parses a default like an argument

JOB, STEPS, QUESTIONS = "The job", "Its steps", "Questions"


R = TypeVar("R", bound=report.Report)


class Answer(Protocol):
    """What a question is answered with: a sentence or more, and tables."""

    def tables(self) -> Sequence[report.Table]:
        """The details."""

    def as_dict(self) -> dict[str, Any]:  # Any: whatever JSON can hold
        """All of it, ready for JSON."""


def _clock() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def _step(
    command: str,
    file: Path,
    wait: timedelta,
    as_json: bool,
    work: Callable[[Space, Store, Progress], R],
    told: Callable[[R], str] = report.counted,
) -> None:
    """Do one step on the store of a space, note how it ended, and say what it did."""
    space = config.load_space(file)
    with (
        noted(space, command, _clock()),
        terminal.progress(quiet=as_json) as progress,
        open_store(space, wait) as store,
    ):
        done = work(space, store, progress)
    terminal.show_json(done.as_dict()) if as_json else terminal.say(f"{command}: {told(done)}")


def _answer(found: Answer, as_json: bool) -> None:
    if as_json:
        terminal.show_json(found.as_dict())
    else:
        terminal.say(str(found))
        terminal.show(found.tables())


@app.command(rich_help_panel=JOB)
def run(space: SpaceFile, now: Now = None, wait: Wait = AT_ONCE, as_json: Json = False) -> None:
    """Do everything that waits: load, resolve, materialize, compute, publish."""
    from pipelines.steps import run as steps

    resolved = config.load_space(space)
    started = _clock()
    with noted(resolved, "run", started):
        with terminal.progress(quiet=as_json) as progress:
            done = steps.run(resolved, now or started, wait, progress)
        if as_json:
            terminal.show_json(done.as_dict())
        elif report.is_idle(done):
            terminal.say(report.nothing_new(resolved))
        else:
            with reading(resolved) as con:
                terminal.show(report.run_tables(con, done, values=terminal.watched()))
        if done.other_rules and not as_json:
            terminal.say(report.rules_note(done))
        if not as_json and (note := report.radar_note(done)):
            terminal.say(note)
        report.require_traits(done.compute)
        report.require_clear(done.publish, resolved)


@app.command(rich_help_panel=JOB)
def rebuild(
    space: SpaceFile,
    with_current_rules: Annotated[
        bool, typer.Option("--with-current-rules", help="Resolve all of it by the space file as it is now.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what the current rules would change.")
    ] = False,
    now: Now = None,
    wait: Wait = AT_ONCE,
    as_json: Json = False,
) -> None:
    """Make the tables anew from the stored messages, each batch under the rules and at the time it had."""
    if with_current_rules:
        _renew(config.load_space(space), now or _clock(), wait, as_json, dry_run)
        return
    if dry_run or now:
        raise typer.BadParameter("--dry-run and --now go with --with-current-rules")
    from pipelines.steps import rebuild as steps

    resolved = config.load_space(space)
    with noted(resolved, "rebuild", _clock()), terminal.progress(quiet=as_json) as progress:
        done = steps.rebuild(resolved, wait, progress)
    terminal.show_json(done.as_dict()) if as_json else terminal.say(f"rebuild: {report.counted(done)}")


def _renew(space: Space, now: datetime, wait: timedelta, as_json: bool, dry_run: bool) -> None:
    """Rebuild under the rules of now, or say what that would change."""
    from pipelines.steps import renew as steps

    # A dry run leaves nothing behind, not even a note.
    noting = contextlib.nullcontext() if dry_run else noted(space, "rebuild", _clock())
    with noting:
        with terminal.progress(quiet=as_json) as progress:
            done = steps.renew(
                space, now, wait, progress, dry_run=dry_run, values=terminal.watched() and not as_json
            )
        if as_json:
            terminal.show_json(done.as_dict())
        else:
            terminal.show(done.changes.tables)
            terminal.say(report.renewed(done))
        report.require_traits(done.compute)


@app.command(rich_help_panel=STEPS)
def load(
    space: SpaceFile, again: Again = None, now: Now = None, wait: Wait = AT_ONCE, as_json: Json = False
) -> None:
    """Turn new input files into a batch of messages and rejects."""
    from pipelines.steps import load as steps

    def work(space: Space, store: Store, progress: Progress) -> steps.LoadReport:
        return steps.load(space, store, now or _clock(), progress, again or ())

    _step("load", space, wait, as_json, work, report.loaded)


@app.command(rich_help_panel=STEPS)
def resolve(space: SpaceFile, wait: Wait = AT_ONCE, as_json: Json = False) -> None:
    """Give each message of the waiting batches its profile: the identity graph."""
    from pipelines.steps import resolve as steps

    _step("resolve", space, wait, as_json, steps.resolve)


@app.command(rich_help_panel=STEPS)
def materialize(space: SpaceFile, wait: Wait = AT_ONCE, as_json: Json = False) -> None:
    """Write the waiting batches to the Profiles Sync tables."""
    from pipelines.steps import materialize as steps
    from pipelines.steps.radar import radar

    def work(space: Space, store: Store, progress: Progress) -> steps.MaterializeReport:
        done = steps.materialize(space, store, progress)
        radar(space, store)
        return done

    _step("materialize", space, wait, as_json, work)


@app.command(rich_help_panel=STEPS)
def compute(space: SpaceFile, now: Now = None, wait: Wait = AT_ONCE, as_json: Json = False) -> None:
    """Make the traits that are due; what changed waits as a batch for resolve and materialize."""
    from pipelines.steps import compute as steps

    def work(space: Space, store: Store, progress: Progress) -> steps.ComputeReport:
        done = steps.compute(space, store, now or _clock(), progress)
        report.require_traits(done)
        return done

    _step("compute", space, wait, as_json, work)


@app.command(rich_help_panel=STEPS)
def publish(space: SpaceFile, wait: Wait = AT_ONCE, as_json: Json = False) -> None:
    """Bring the targets of the space up to date with its tables."""
    from pipelines.steps import publish as steps

    def work(space: Space, store: Store, progress: Progress) -> steps.PublishReport:
        done = steps.publish(space, store, progress)
        report.require_clear(done, space)
        return done

    _step("publish", space, wait, as_json, work, report.published)


@app.command(rich_help_panel=QUESTIONS)
def status(space: SpaceFile, as_json: Json = False) -> None:
    """Tell how the space stands: what waits, what there is, how the last run ended."""
    found = status_of(config.load_space(space))
    terminal.show_json(found.as_dict()) if as_json else terminal.say(str(found))


@app.command(rich_help_panel=QUESTIONS)
def rejects(
    space: SpaceFile,
    file: Annotated[str | None, typer.Option(metavar="F", help="Of this file: a path or its end.")] = None,
    reason: Annotated[str | None, typer.Option(metavar="R", help="For this reason.")] = None,
    limit: Annotated[int, typer.Option(metavar="N", min=0, help="At most so many rows.")] = 20,
    as_json: Json = False,
) -> None:
    """Print the rows that were not taken: file, line, reason and the row as it stood."""
    found = look.rejects(config.load_space(space), file=file, reason=reason, limit=limit)
    terminal.show_json(found.as_dict()) if as_json else terminal.say(str(found))


@app.command(rich_help_panel=QUESTIONS)
def profile(
    space: SpaceFile,
    who: Annotated[
        str,
        typer.Argument(metavar="WHO", help="email:jane@example.com, group_id:acme, or a segment id."),
    ],
    as_json: Json = False,
) -> None:
    """Print what is known of one person (identifiers, merged profiles, traits, accounts, recent events) or,
    asked for a group_id, of one account (identifiers, merged accounts, traits, members).
    """
    found = look.profile(config.load_space(space), who)
    if as_json:
        terminal.show_json(found.as_dict())
    else:
        terminal.say(found.segment_id)
        terminal.show(found.tables)


@app.command(rich_help_panel=QUESTIONS)
def why(space: SpaceFile, a: Identifier, b: Identifier, as_json: Json = False) -> None:
    """Tell why two identifiers are one profile: the shortest chain of messages that joined them."""
    from pipelines.steps import explain

    _answer(explain.why(config.load_space(space), a, b), as_json)


@app.command("why-not", rich_help_panel=QUESTIONS)
def why_not(space: SpaceFile, a: Identifier, b: Identifier, as_json: Json = False) -> None:
    """Tell why two identifiers are not one profile: the limits, blocks and caps that kept them apart."""
    from pipelines.steps import whynot

    _answer(whynot.why_not(config.load_space(space), a, b), as_json)


@app.command(rich_help_panel=QUESTIONS)
def weakest(
    space: SpaceFile,
    who: Annotated[str, typer.Argument(metavar="WHO", help="email:jane@example.com, or a segment id.")],
    as_json: Json = False,
) -> None:
    """Tell which fewest messages hold a profile together: without them it would fall apart."""
    from pipelines.steps import weakest as question

    _answer(question.weakest(config.load_space(space), who), as_json)


@app.command("radar", rich_help_panel=QUESTIONS)
def radar_(
    space: SpaceFile,
    limit: Annotated[int, typer.Option(metavar="N", min=0, help="At most so many findings.")] = 20,
    as_json: Json = False,
) -> None:
    """Print suspicious profiles and identifiers, with lines to paste into the space file."""
    from pipelines.steps.findings import findings

    found = findings(config.load_space(space), limit)
    _answer(found, as_json)
    if found.lines and not as_json:
        terminal.say(found.advice())


@app.command(rich_help_panel=QUESTIONS)
def schema() -> None:
    """Print the JSON Schema of a space file, for editors that check and complete it."""
    terminal.show_json(config.schema())


if __name__ == "__main__":
    main()
