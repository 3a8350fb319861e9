"""Work one step ahead: the next item is made in a thread while the last one is used."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from typing import TypeVar

_Item = TypeVar("_Item")


def prefetch(items: Iterator[_Item]) -> Iterator[_Item]:
    """The same items, made one ahead in a thread: files are read and split while DuckDB works."""
    ready: queue.Queue[tuple[_Item | None, BaseException | None]] = queue.Queue(maxsize=1)
    stopped = threading.Event()

    def produce() -> None:
        failure: BaseException | None = None
        try:
            for item in items:
                ready.put((item, None))
                if stopped.is_set():
                    return
        except BaseException as error:  # noqa: BLE001  # not handled here: it is raised again by the consumer
            failure = error
        ready.put((None, failure))

    thread = threading.Thread(target=produce, name="unify-read", daemon=True)
    thread.start()
    try:
        while True:
            item, failure = ready.get()
            if failure is not None:
                raise failure
            if item is None:
                return
            yield item
    finally:
        stopped.set()
        while thread.is_alive():
            # The producer may stand at a full queue: make room until it sees that it is to stop.
            while not ready.empty():
                ready.get_nowait()
            thread.join(timeout=0.05)
