"""Which input files wait to be loaded, by their looks, which is cheap, or by their content, which is sure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from pipelines.config import Space
from pipelines.ingest.found import Found, digests, discover
from pipelines.steps.reading import reading
from pipelines.steps.report import look


class _Taking(NamedTuple):
    """The latest time a path was taken, from `ops.files`."""

    path: str
    size: int | None
    modified_ns: int | None
    sha256: str | None
    status: str
    settings_hash: str | None

    def settles(self, file: Found) -> bool:
        """Whether it stands while the content does: a refused file may be taken under other settings."""
        return self.status in {"loaded", "duplicate"} or self.settings_hash == file.source.settings_hash


@dataclass(frozen=True, slots=True)
class Waiting:
    """The files that wait by their looks, and what `ops.files` knows: takings by path, contents loaded."""

    files: tuple[Found, ...]
    takings: dict[str, _Taking]
    loaded: frozenset[str]

    @property
    def looks(self) -> str:
        """A hash of names, sizes, times and settings: while it stays, nothing happened in the folders."""
        return _hash(
            f"{file.name}\0{file.size}\0{file.modified_ns}\0{file.source.settings_hash}"
            for file in self.files
        )

    def contents(self) -> tuple[str, ...]:
        """The SHA-256 of every content that was not loaded yet, each once, sorted; reads the files."""
        found = [(file, digest.sha256) for file, digest in zip(self.files, digests(self.files), strict=True)]
        return tuple(sorted({sha256 for file, sha256 in found if sha256 and self._new(file, sha256)}))

    def _new(self, file: Found, sha256: str) -> bool:
        taking = self.takings.get(file.name)
        unchanged = taking is not None and taking.sha256 == sha256 and taking.settles(file)
        return not unchanged and sha256 not in self.loaded


def waiting(space: Space) -> Waiting:
    """The files whose path, size or time the store does not know.

    Raises `StoreLocked` while another process writes, `InputError` if a file named outright is missing.
    """
    takings: dict[str, _Taking] = {}
    loaded: set[str] = set()
    if space.store.exists():
        with reading(space, older=True) as con:
            takings = {row[0]: _Taking(*row) for row in look(con, "takings")}
            loaded = {row[0] for row in look(con, "contents")}
    files = tuple(file for file in discover(space) if not _known(takings.get(file.name), file))
    return Waiting(files, takings, frozenset(loaded))


def run_key(contents: Iterable[str]) -> str:
    """A name for a set of contents."""
    return _hash(contents)


def _known(taking: _Taking | None, file: Found) -> bool:
    return (
        taking is not None
        and (taking.size, taking.modified_ns) == (file.size, file.modified_ns)
        and taking.settles(file)
    )


def _hash(parts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
