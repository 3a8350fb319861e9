"""Lines of JSON: a file's lines, and the fields found in them, as Arrow columns over the bytes as read.

What DuckDB could not hold as text (bytes that are not UTF-8, NUL) is rejected here, line by line.
Source: events specification, section 7.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numba
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.ingest import bytestream, calls, tokens, utf8
from pipelines.ingest.chunks import Chunk, Layout, rejected
from pipelines.ingest.instants import instants
from pipelines.space import Input

READ_BYTES = 2 << 20
"""Small enough to stay in a core's cache while its columns are taken out one by one."""
_NEWLINE = b"\n"

FIELDS = (*calls.TEXTS.values(), *calls.TIMES.values(), *calls.DOCUMENTS)
_KINDS = np.array(
    [tokens.TEXT] * len(calls.TEXTS)
    + [tokens.TIME] * len(calls.TIMES)
    + [tokens.DOCUMENT] * len(calls.DOCUMENTS),
    np.uint8,
)
_KEYS = tokens.keys(FIELDS)

Bytes = npt.NDArray[np.uint8]
Offsets = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Lines:
    """Layout: `text`, the line; `simple` and `plain` (see `tokens`); a column per field of simple lines,
    and `calls.at(field)` for the times among them that could be read at once.

    `absent` are keys, of those asked for, that no document of the block has; `fields` are the columns there
    are; `simple` and `plain` say it of all lines.
    """

    source: Input
    absent: frozenset[str]
    fields: frozenset[str]
    simple: bool
    plain: bool

    @property
    def raw(self) -> str:
        """The line."""
        return "text"

    def joined(self, other: Layout) -> Lines | None:
        """Lines of one input join; absent is what both lack."""
        if not isinstance(other, Lines) or other.source != self.source:
            return None
        return Lines(
            self.source,
            self.absent & other.absent,
            self.fields | other.fields,
            self.simple and other.simple,
            self.plain and other.plain,
        )

    def may_have(self, _: str, path: tuple[str, ...]) -> bool:
        """Whether a document of the block may hold something at a path."""
        return path[0] not in self.absent

    def select(self, source: str) -> str:
        """SELECT of the relation of fields over a block of this layout named `source`."""
        return calls.from_lines(source, self.fields, simple=self.simple, plain=self.plain)


class _Cut(NamedTuple):
    """A stretch of whole lines, each ending in a newline, and where they are."""

    text: bytes
    bounds: Offsets
    first_line: int


def read(path: Path, source: Input, file: int, keys: frozenset[str]) -> Iterator[Chunk]:
    """The lines of a `.jsonl` or `.jsonl.gz`; blank ones are no records.

    `file` goes into the column of that name; each layout says which of `keys` its documents do not have.
    """
    line = 1
    for text in _stretches(bytestream.text_blocks(path, READ_BYTES, "utf-8")):
        cut = _Cut(text, _bounds(text), line)
        yield _chunk(cut, source, file, sorted(keys))
        line += len(cut.bounds) - 1


def _stretches(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes cut behind newlines; the last line gets one if it has none."""
    rest: list[bytes] = []
    for block in blocks:
        end = block.rfind(_NEWLINE) + 1
        if end:
            yield b"".join([*rest, block[:end]])
            rest = [block[end:]]
        else:
            rest.append(block)
    if any(rest):
        yield b"".join([*rest, _NEWLINE])


def _chunk(cut: _Cut, source: Input, file: int, asked: list[str]) -> Chunk:
    data = np.frombuffer(cut.text, np.uint8)
    starts, ends = cut.bounds[:-1], cut.bounds[1:]
    broken = None if utf8.clean(cut.text) else utf8.broken(data, starts, ends)
    keep = ~_blank(data, cut.bounds)
    if broken is not None:
        keep &= broken == 0
    if not keep.all():
        starts, ends = starts[keep], ends[keep]
    seen = np.zeros(len(asked), np.bool_)
    found = tokens.find(data, starts, _KEYS, _KINDS, tokens.keys(asked), seen)
    simple, plain = bool(found.simple.all()), bool(found.plain.all())
    columns = _columns(cut.text, found)
    layout = Lines(
        source,
        frozenset(np.array(asked, object)[~seen]) if simple else frozenset(),
        frozenset(columns),
        simple,
        plain,
    )
    numbers = np.arange(cut.first_line, cut.first_line + len(keep), dtype=np.int64)
    records = {
        "file": pa.array(np.full(len(starts), file, np.int32)),
        "line": pa.array(numbers[keep]),
        "text": tokens.slices(cut.text, starts, ends),
        "simple": pa.array(found.simple),
        "plain": pa.array(found.plain),
        **columns,
    }
    rejects = None if broken is None else _rejects(cut, broken, numbers, file)
    return Chunk(layout, pa.table(records), rejects, 2 * len(cut.text), len(cut.text))


def _columns(text: bytes, found: tokens.Found) -> dict[str, Any]:  # Any: pyarrow types arrays by their value
    """The fields there are; of a time what it says, and the text only if one says nothing to `instants`."""
    columns = {}
    for place, name in enumerate(FIELDS):
        if not found.has(place):
            continue
        texts = tokens.column(text, found, place)
        if _KINDS[place] == tokens.TIME:
            columns[calls.at(name)] = times = instants(
                np.frombuffer(text, np.uint8), found.starts[place], found.ends[place]
            )
            if times.null_count == texts.null_count:
                continue
        columns[name] = texts
    return columns


def _rejects(cut: _Cut, broken: npt.NDArray[np.uint8], numbers: Offsets, file: int) -> pa.Table | None:
    bad = broken > 0
    if not bad.any():
        return None
    raw = pa.Array.from_buffers(
        pa.large_binary(), len(broken), [None, pa.py_buffer(cut.bounds), pa.py_buffer(cut.text)]
    )
    return rejected(
        file=file,
        line=pa.array(numbers[bad]),
        reason=pa.array(np.where(broken[bad] == 1, "invalid_utf8", "nul_byte"), pa.string()),
        detail="text in UTF-8 without NUL bytes",
        raw=raw.filter(pa.array(bad)),
    )


def _bounds(text: bytes) -> Offsets:
    """Where the lines begin, and where the last one ends; a newline belongs to its line."""
    newlines = np.flatnonzero(np.frombuffer(text, np.uint8) == _NEWLINE[0])
    bounds = np.zeros(len(newlines) + 1, np.int64)
    np.add(newlines, 1, out=bounds[1:])
    return bounds


@numba.njit(nogil=True, cache=True)
def _blank(data: Bytes, bounds: Offsets) -> Flags:
    """Which lines hold nothing but blanks, tabs and line ends."""
    blank = np.ones(len(bounds) - 1, np.bool_)
    for line in range(len(bounds) - 1):
        for position in range(bounds[line], bounds[line + 1]):
            byte = data[position]
            if byte != 32 and byte != 9 and byte != 13 and byte != 10:
                blank[line] = False
                break
    return blank
