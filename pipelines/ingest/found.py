"""The input files there are: listed in their order, and told apart by what they contain."""

from __future__ import annotations

import glob
import hashlib
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from pipelines.errors import FileRefused, InputError
from pipelines.ingest import bytestream
from pipelines.space import Input, Space

_READ_BYTES = 4 << 20
_CONTENT = {"profiles": "a header and at least one row", "events": "at least one event"}
_SUFFIXES = {
    "profiles": (".csv", ".csv.gz"),
    "events": (".jsonl", ".jsonl.gz", ".ndjson", ".ndjson.gz", ".parquet"),
}


@dataclass(frozen=True, slots=True)
class Found:
    """A file on disk that an input names. `name` is its path from the space file's folder, with `/`."""

    source: Input
    path: Path
    name: str
    size: int
    modified_ns: int


class Digest(NamedTuple):
    """SHA-256 of the unpacked bytes (None if unreadable), their number, why the file is refused, if so."""

    sha256: str | None
    size: int
    refusal: FileRefused | None = None


def discover(space: Space) -> tuple[Found, ...]:
    """All files of all inputs, by input order, then path bytewise; a file named by two inputs is the first's.

    Raises `InputError` if a path without wildcards does not exist; a pattern may match nothing.
    """
    found: dict[Path, Found] = {}
    for source in sorted((*space.profiles, *space.events), key=lambda source: source.order):
        paths = [Path(path) for path in glob.glob(source.path, recursive=True)]
        if not paths and not glob.has_magic(source.path):
            raise InputError(
                "an input file is missing",
                where=source.path,
                expected="the file that the space file names",
                hint="put it there, correct the path, or use a pattern, which may match no file",
            )
        for path in sorted(paths, key=_bytewise):
            if path.is_file() and path not in found:
                found[path] = look(path, source, space)
    return tuple(found.values())


def unusable(space: Space) -> tuple[FileRefused, ...]:
    """What the patterns meet and cannot be read as a file, each once: folders, links that lead nowhere, ...

    A folder that a pattern ending in `**` goes through is none of these; one that may not be looked into is.
    """
    refused: dict[Path, FileRefused] = {}
    for source in (*space.profiles, *space.events):
        for folder in _unreadable_folders(source.path):
            refused[folder] = _unreadable(_name(folder, space), "the folder", "not permitted")
        if not source.path.endswith("**"):
            for path in map(Path, glob.glob(source.path, recursive=True)):
                if not path.is_file():
                    refused[path] = _no_file(path, _name(path, space))
    return tuple(refused[path] for path in sorted(refused, key=_bytewise))


def _unreadable_folders(pattern: str) -> Iterator[Path]:
    """Folders a pattern leads through that this user may not: files below would be missed without a word."""
    below = Path(pattern)
    for parent in below.parents:
        # Only where names are matched need a folder be listed.
        wanted = os.X_OK | (os.R_OK if glob.has_magic(below.name) else 0)
        for folder in glob.glob(str(parent), recursive=True):
            # Path.is_dir raises where a folder above it is shut.
            if os.path.isdir(folder) and not os.access(folder, wanted, effective_ids=True):  # noqa: PTH112
                yield Path(folder)
        below = parent


def _no_file(path: Path, name: str) -> FileRefused:
    if path.is_symlink() and not path.exists():
        what, hint = "the link leads to no file", "mend the link or remove it"
    elif path.is_dir():
        what, hint = "this is a folder", f"narrow the pattern; files in it are met by {name}/*"
    else:
        what, hint = "this is neither a file nor a folder", "narrow the input's pattern"
    return FileRefused("NOT_A_FILE", what, where=name, expected="a file, since a pattern meets it", hint=hint)


def _bytewise(path: Path) -> bytes:
    return str(path).encode("utf-8", "surrogateescape")


def _name(path: Path, space: Space) -> str:
    """A path as people know it: from the space file's folder, with `/`."""
    return Path(os.path.relpath(path, space.file.parent)).as_posix()


def look(path: Path, source: Input, space: Space) -> Found:
    """What the file system says of a file."""
    status = path.stat()
    return Found(source, path, _name(path, space), status.st_size, status.st_mtime_ns)


def digests(files: Sequence[Found]) -> list[Digest]:
    """The digests of the files, made in threads; what is wrong with a file is told, not raised."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        return list(pool.map(_digest, files))


def _digest(file: Found) -> Digest:
    sha, size = hashlib.sha256(), 0
    try:
        blocks = bytestream.blocks(file.path, _READ_BYTES)
        for block in blocks:
            sha.update(block)
            size += len(block)
    except FileRefused as error:
        return Digest(_raw_sha256(file.path), file.size, error)
    except OSError as error:
        return Digest(None, file.size, unreadable(file.name, error))
    return Digest(sha.hexdigest(), size, _misnamed(file) or (None if size else empty(file.source, file.name)))


def _raw_sha256(path: Path) -> str:
    """Of the bytes on disk: all there is to tell a broken archive by."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def empty(source: Input, name: str) -> FileRefused:
    """The refusal of a file in which there is no row: no bytes, blank lines, a header and nothing below."""
    return FileRefused(
        "EMPTY_FILE",
        "there is no row in the file",
        where=name,
        expected=_CONTENT[source.kind],
        hint="nothing was lost: put the rows in, or take the file away",
    )


def unreadable(name: str, error: OSError) -> FileRefused:
    """The refusal of a file that the system does not let us read; it is tried again by every run."""
    return _unreadable(name, "the file", error.strerror or type(error).__name__)


def _unreadable(name: str, subject: str, reason: str) -> FileRefused:
    return FileRefused(
        "UNREADABLE",
        f"{subject} cannot be read: {reason}",
        where=name,
        expected=f"{subject}, readable by the user who runs unify",
        hint="permit it, or mend the disk it is on; the next run tries again",
    )


def _misnamed(file: Found) -> FileRefused | None:
    wanted = _SUFFIXES[file.source.kind]
    if file.path.name.endswith(wanted):
        return None
    return FileRefused(
        "INVALID_FILE_TYPE",
        f"the name does not say that this is a file of {file.source.kind}",
        where=file.name,
        expected=f"a name ending in {', '.join(wanted)}",
        hint="rename the file, or narrow the input's pattern",
    )
