"""One file to chunks, by the reader its name asks for."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.errors import FileRefused
from pipelines.ingest import jsonl, lookups, parquet, profiles
from pipelines.ingest.chunks import Chunk
from pipelines.ingest.found import Found, empty, unreadable
from pipelines.rules import Rules


def read(file: Found, number: int, digest: str, rules: Rules) -> Iterator[Chunk]:
    """The records of a file as chunks with `number` in their column `file`; raises `FileRefused`.

    A file that is written to while it is read is refused: half of it could be old.
    """
    rows = 0
    try:
        for chunk in _records(file, number, digest, rules):
            if chunk.rows:
                rows += chunk.rows
                yield chunk
        status = file.path.stat()
    except FileRefused as refusal:
        # A reader knows the file's last name only; a person needs the folder too.
        if refusal.where is not None:
            refusal.where = file.name + refusal.where.removeprefix(file.path.name)
        raise
    except OSError as error:
        raise unreadable(file.name, error) from None
    if (status.st_size, status.st_mtime_ns) != (file.size, file.modified_ns):
        raise changed(file.name)
    if not rows:
        raise empty(file.source, file.name)


def _records(file: Found, number: int, digest: str, rules: Rules) -> Iterator[Chunk]:
    if file.source.kind == "profiles":
        return profiles.read(file.path, file.source, number, rules, digest)
    if file.path.suffix == ".parquet":
        return parquet.read(file.path, file.source, number)
    return jsonl.read(file.path, file.source, number, lookups.wanted(rules))


def changed(name: str) -> FileRefused:
    """The refusal of a file whose bytes or settings are no longer those the batch was opened with."""
    return FileRefused(
        "FILE_CHANGED",
        "the file or its input's settings changed after the batch was opened, or the file is gone",
        where=name,
        expected="the file as it was",
        hint="nothing to do: as it is now, it is a new file for the next run",
    )
