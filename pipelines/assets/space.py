"""The space that Dagster works on: where its file is, and how a step's errors and progress are shown."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import dagster as dg
from pydantic import Field

from pipelines.config import Space, load_space
from pipelines.durations import duration
from pipelines.errors import StoreLocked, UnifyError
from pipelines.steps.journal import noted
from pipelines.steps.progress import Progress
from pipelines.store import Store, open_store

LOCKED_TRIES, LOCKED_SECONDS = 2, 60
"""What is done about a store that another process holds for longer than the resource's `wait`."""


class LogLines:
    """A step's progress as lines of the run's log, one for each piece of work that begins."""

    def __init__(self, log: dg.DagsterLogManager) -> None:
        self._log = log

    def start(self, label: str, total: int | None) -> None:  # noqa: ARG002 - each step counts in units of its own
        """Note what begins; Dagster adds the time."""
        self._log.info(label)

    def advance(self, n: int) -> None:
        """Say nothing: a line for each would drown the log."""

    def done(self) -> None:
        """Say nothing: the next line, or the end of the step, says it."""


class Work(NamedTuple):
    """What a step needs."""

    space: Space
    store: Store
    now: datetime
    progress: Progress


class SpaceResource(dg.ConfigurableResource["SpaceResource"]):
    """A space file, and the manner in which its store is opened: change them for one run in the launchpad."""

    file: str = Field(description="Path of the space file (YAML).")
    wait: str = Field(default="5m", description="How long to wait for another writer to finish.")
    now: str = Field(default="", description="Time of the batch, ISO-8601 in UTC; the clock if empty.")

    def read(self) -> Space:
        """The space as its file says now, read anew for each step."""
        with readable():
            return load_space(Path(self.file))

    def time(self) -> datetime:
        """The time given, else the clock's, as naive UTC."""
        moment = datetime.fromisoformat(self.now) if self.now else datetime.now(UTC)
        return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment

    @contextmanager
    def at_work(self, context: dg.AssetExecutionContext) -> Iterator[Work]:
        """The store, open for one step; how the step ended is noted for `unify status`."""
        now = self.time()
        with readable():
            space = load_space(Path(self.file))
            command = f"{context.op_execution_context.op.name} (Dagster)"
            with noted(space, command, now), open_store(space, duration(self.wait)) as store:
                yield Work(space, store, now, LogLines(context.log))


@contextmanager
def readable() -> Iterator[None]:
    """Show a foreseen error as its message; only a store that stayed locked is worth another try."""
    try:
        yield
    except StoreLocked as error:
        raise dg.RetryRequested(max_retries=LOCKED_TRIES, seconds_to_wait=LOCKED_SECONDS) from error
    except UnifyError as error:
        raise dg.Failure(description=str(error), allow_retries=False) from error
