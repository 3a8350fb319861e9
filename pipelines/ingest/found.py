"""The input files there are: listed in their order, and told apart by what they contain."""

from __future__ import annotations

import glob
import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from pipelines.errors import FileRefused, InputError
from pipelines.ingest import bytestream
from pipelines.space import Input, Space

_READ_BYTES = 4 << 20
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
        for path in sorted(paths, key=lambda path: str(path).encode()):
            if path.is_file() and path not in found:
                found[path] = look(path, source, space)
    return tuple(found.values())


def look(path: Path, source: Input, space: Space) -> Found:
    """What the file system says of a file."""
    status = path.stat()
    name = Path(os.path.relpath(path, space.file.parent)).as_posix()
    return Found(source, path, name, status.st_size, status.st_mtime_ns)


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
        reason = error.strerror or type(error).__name__
        return Digest(
            None, file.size, FileRefused("UNREADABLE", f"the file cannot be read: {reason}", where=file.name)
        )
    return Digest(sha.hexdigest(), size, _misnamed(file) or (_empty(file) if size == 0 else None))


def _raw_sha256(path: Path) -> str:
    """Of the bytes on disk: all there is to tell a broken archive by."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _empty(file: Found) -> FileRefused:
    return FileRefused(
        "EMPTY_FILE", "the file is empty", where=f"{file.name}:1", expected=f"{file.source.kind}, or no file"
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
