"""Which files a load takes: new ones, those to be tried again, those an interrupted batch had begun with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from pipelines.errors import FileRefused, InputError
from pipelines.ingest.found import Digest, Found, digests, discover, unusable
from pipelines.ingest.reading import changed
from pipelines.space import Space
from pipelines.store import Store
from pipelines.store.ledger import Batch, open_batch

OPENED = "opened"
"""Status in `ops.files` of a file whose batch has not been loaded yet."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A file that a batch takes, under its number in `ops.files`. `refusal`: already known to be unusable."""

    number: int
    found: Found
    digest: Digest


@dataclass(frozen=True, slots=True)
class Intake:
    """The outcome of looking at the inputs: a batch opened for `files`, if there are any."""

    batch: Batch | None
    files: tuple[Taken, ...] = ()
    unreadable: tuple[FileRefused, ...] = ()


@dataclass(slots=True)
class _Sorted:
    """New files by what is to be done with them."""

    take: list[tuple[Found, Digest]] = field(default_factory=list)
    duplicate: list[tuple[Found, Digest]] = field(default_factory=list)
    touched: list[tuple[Found, int]] = field(default_factory=list)
    unreadable: list[FileRefused] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Known:
    """The latest taking of a path."""

    file: int
    size: int | None
    modified_ns: int | None
    sha256: str | None
    settings_hash: str | None
    status: str

    def settles(self, found: Found) -> bool:
        """Whether nothing more is to be done while the file's content stays what it was."""
        return self.status in ("loaded", "duplicate") or self.settings_hash == found.source.settings_hash

    def untouched(self, found: Found) -> bool:
        """Whether path, size and time say that it has not changed, which spares hashing it."""
        return (self.size, self.modified_ns) == (found.size, found.modified_ns)


def take(space: Space, store: Store, now: datetime, again: Sequence[Path]) -> Intake:
    """Look at all inputs; if a file is new, or asked for `again`, open a batch and fix its files."""
    found = discover(space)
    forced = _forced(found, again)
    known = _known(store)
    fresh = [
        file
        for file in found
        if file.path in forced
        or (last := known.get(file.name)) is None
        or not (last.untouched(file) and last.settles(file))
    ]
    sorted_ = _sort(fresh, digests(fresh), known, forced, _loaded(store))
    with store.transaction():
        settings = space.identity, space.trait_history
        batch = open_batch(store, "files", now, *settings) if sorted_.take else None
        number = int(store.scalar("select coalesce(max(file), 0) + 1 from ops.files"))
        taken = []
        for file, digest in sorted_.take:
            _enter(
                store,
                number,
                batch.batch if batch else None,
                file,
                digest,
                OPENED,
                batch.time if batch else now,
            )
            taken.append(Taken(number, file, digest))
            number += 1
        for file, digest in sorted_.duplicate:
            _enter(
                store,
                number,
                batch.batch if batch else None,
                file,
                digest,
                "duplicate",
                batch.time if batch else now,
            )
            number += 1
        for file, entry in sorted_.touched:
            store.execute(
                "update ops.files set size = $size, modified_ns = $modified where file = $file",
                {"size": file.size, "modified": file.modified_ns, "file": entry},
            )
    return Intake(batch, tuple(taken), (*sorted_.unreadable, *unusable(space)))


def resume(space: Space, store: Store, batch: Batch) -> tuple[Taken, ...]:
    """The files a batch was opened with; one that has changed since, or is gone, comes with its refusal."""
    rows = store.execute(
        """select file, path, sha256, settings_hash from ops.files
        where batch = $batch and status = $status order by file""",
        {"batch": batch.batch, "status": OPENED},
    ).fetchall()
    here = {(file.name, file.source.settings_hash): file for file in discover(space)}
    still = [here[path, settings] for _, path, _, settings in rows if (path, settings) in here]
    now = dict(zip((file.name for file in still), digests(still), strict=True))
    taken = []
    for number, path, sha256, settings in rows:
        file = here.get((path, settings))
        digest = now.get(path) if file else None
        if file is None or digest is None or digest.sha256 != sha256:
            gone = next((found for found in here.values() if found.name == path), None)
            taken.append(Taken(number, gone or _gone(space, path), Digest(None, 0, changed(path))))
        else:
            taken.append(Taken(number, file, digest))
    return tuple(taken)


def _gone(space: Space, path: str) -> Found:
    source = (*space.profiles, *space.events)[0]
    return Found(source, space.file.parent / path, path, 0, 0)


def _sort(
    files: Sequence[Found],
    contents: Sequence[Digest],
    known: dict[str, _Known],
    forced: frozenset[Path],
    loaded: set[str],
) -> _Sorted:
    result = _Sorted()
    for file, digest in zip(files, contents, strict=True):
        last = known.get(file.name)
        if digest.sha256 is None:
            result.unreadable.append(digest.refusal or changed(file.name))
        elif file.path in forced:
            result.take.append((file, digest))
        elif last is not None and last.sha256 == digest.sha256 and last.settles(file):
            result.touched.append((file, last.file))
        elif digest.sha256 in loaded:
            result.duplicate.append((file, digest))
        else:
            result.take.append((file, digest))
            if digest.refusal is None:
                loaded.add(digest.sha256)
    return result


def _enter(
    store: Store, number: int, batch: int | None, file: Found, digest: Digest, status: str, time: datetime
) -> None:
    store.execute(
        """insert into ops.files values
          ($file, $batch, $kind, $path, $sha256, $size, $modified, $settings, $source, $status,
          0, 0, 0, 0, 0, 0, null, null, $time)""",
        {
            "file": number,
            "batch": batch,
            "kind": file.source.kind,
            "path": file.name,
            "sha256": digest.sha256,
            "size": file.size,
            "modified": file.modified_ns,
            "settings": file.source.settings_hash,
            "source": file.source.source_slug,
            "status": status,
            "time": time,
        },
    )


def _known(store: Store) -> dict[str, _Known]:
    rows = store.execute(
        """select path, file, size, modified_ns, sha256, settings_hash, status from ops.files
        qualify row_number() over (partition by path order by file desc) = 1"""
    ).fetchall()
    return {path: _Known(*rest) for path, *rest in rows}


def _loaded(store: Store) -> set[str]:
    """Contents that were loaded, under whatever name."""
    rows = store.execute("select distinct sha256 from ops.files where status = 'loaded'").fetchall()
    return {sha256 for (sha256,) in rows}


def _forced(found: Sequence[Found], again: Sequence[Path]) -> frozenset[Path]:
    """The files asked for again, by their paths or by their names in the tables."""
    known = {str(file.path.resolve()): file.path for file in found} | {file.name: file.path for file in found}
    asked = [known.get(str(path)) or known.get(str(path.resolve())) for path in again]
    for path, file in zip(again, asked, strict=True):
        if file is None:
            raise InputError(
                "this file is not one of the space's inputs",
                where=str(path),
                expected="a file that a pattern under `inputs:` matches",
                hint="give its path, or its name as `unify rejects` shows it",
            )
    return frozenset(file for file in asked if file is not None)
