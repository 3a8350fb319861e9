"""Lines of JSON: a file's lines as one Arrow column over the bytes as read, without a copy.

A line is only found here; it is parsed once, in DuckDB. What DuckDB could not hold as text (bytes that are not
UTF-8, NUL) is rejected here, line by line. Source: events specification, section 7.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numba
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.ingest import bytestream, utf8
from pipelines.ingest.chunks import Chunk, Layout, rejected
from pipelines.space import Input

READ_BYTES = 32 << 20
_NEWLINE = b"\n"

Bytes = npt.NDArray[np.uint8]
Offsets = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_TAIL = 4
"""Bytes at the end of a key that it is told by, in passing."""


@dataclass(frozen=True, slots=True)
class Lines:
    """Layout: `text`, the line, and `doubtful`, true where it may hold what DuckDB takes and JSON does not.

    `absent` are keys, of those asked for, that no line of the block has.
    """

    source: Input
    absent: frozenset[str] = frozenset()

    @property
    def raw(self) -> str:
        """The line."""
        return "text"

    def joined(self, other: Layout) -> Lines | None:
        """Lines of one input join; absent is what both lack."""
        if isinstance(other, Lines) and other.source == self.source:
            return Lines(self.source, self.absent & other.absent)
        return None

    def may_have(self, _: str, path: tuple[str, ...]) -> bool:
        """Whether a document of the block may hold something at a path."""
        return path[0] not in self.absent


def read(path: Path, source: Input, file: int, keys: frozenset[str]) -> Iterator[Chunk]:
    """The lines of a `.jsonl` or `.jsonl.gz`; blank ones are no records.

    `file` goes into the column of that name; each layout says which of `keys` its lines do not have.
    """
    rest = b""
    line = 1
    for block in bytestream.text_blocks(path, READ_BYTES, "utf-8"):
        whole, newline, tail = block.rpartition(_NEWLINE)
        if not newline:
            rest += tail
            continue
        text = rest + whole + newline
        rest = tail
        chunk, lines = _chunk(text, source, file, line, keys)
        line += lines
        yield chunk
    if rest:
        yield _chunk(rest, source, file, line, keys)[0]


def _chunk(
    text: bytes, source: Input, file: int, first_line: int, keys: frozenset[str]
) -> tuple[Chunk, int]:
    """The chunk of one stretch of whole lines, and how many physical lines it has."""
    data = np.frombuffer(text, dtype=np.uint8)
    asked = sorted(key for key in keys if len(key.encode()) >= _TAIL)
    tails = np.array([_tail(key) for key in asked], np.uint32)
    seen = np.zeros(len(asked), np.bool_)
    bounds, blank, doubtful = _split(data, text.count(_NEWLINE) + 1, tails, seen)
    # A key may be spelled with escapes; where there are any, nothing is taken for absent.
    absent = frozenset() if b"\\u" in text else frozenset(np.array(asked, object)[~seen])
    lines = len(bounds) - 1
    broken = np.zeros(lines, np.uint8) if utf8.clean(text) else utf8.broken(data, bounds[:-1], bounds[1:])
    table = {
        "file": pa.array(np.full(lines, file, np.int32)),
        "line": pa.array(np.arange(first_line, first_line + lines, dtype=np.int64)),
        "doubtful": pa.array(doubtful),
        "text": _slices(text, bounds, pa.large_string()),
    }
    rejects = None
    if broken.any():
        bad = broken > 0
        raw = _slices(text, bounds, pa.large_binary()).filter(pa.array(bad))
        reason = pa.array(np.where(broken[bad] == 1, "invalid_utf8", "nul_byte"), pa.string())
        rejects = rejected(
            file=table["file"].filter(pa.array(bad)),
            line=table["line"].filter(pa.array(bad)),
            reason=reason,
            detail="text in UTF-8 without NUL bytes",
            raw=raw,
        )
    records = pa.table(table)
    keep = ~blank & (broken == 0)
    if not keep.all():
        records = records.filter(pa.array(keep))
    return Chunk(Lines(source, absent), records, rejects, len(text)), lines


def _slices(
    text: bytes, bounds: Offsets, kind: pa.DataType
) -> Any:  # Any: pyarrow has no type for either kind
    return pa.Array.from_buffers(kind, len(bounds) - 1, [None, pa.py_buffer(bounds), pa.py_buffer(text)])


@numba.njit(nogil=True, cache=True)
def _split(data: Bytes, most: int, tails: npt.NDArray[np.uint32], seen: Flags) -> tuple[Offsets, Flags, Flags]:
    """Bounds of the lines, which are blank, and which are doubtful; the newline belongs to its line.

    Notes in `seen` which keys, known by their last bytes, stand before a colon.
    """
    bounds = np.zeros(most + 1, np.int64)
    blank = np.ones(most, np.bool_)
    doubtful = np.zeros(most, np.bool_)
    line = 0
    end = len(data)
    for position in range(end):
        byte = data[position]
        if byte == 10:
            line += 1
            bounds[line] = position + 1
        elif byte != 32 and byte != 9 and byte != 13:
            blank[line] = False
            if (byte == 58 or byte == 44 or byte == 91) and _odd_token(data, position + 1, end, byte == 44):
                doubtful[line] = True
            if byte == 58:
                _note_key(data, position, tails, seen)
    if bounds[line] < end:
        line += 1
        bounds[line] = end
    return bounds[: line + 1], blank[:line], doubtful[:line]


def _tail(key: str) -> int:
    return int.from_bytes(key.encode()[-_TAIL:], "little")


@numba.njit(nogil=True, cache=True)
def _note_key(data: Bytes, position: int, tails: npt.NDArray[np.uint32], seen: Flags) -> None:
    """Mark the keys that end like the one before the colon at `position`."""
    position -= 1
    while position > _TAIL and (data[position] == 32 or data[position] == 9):
        position -= 1
    if position <= _TAIL:
        seen[:] = True
        return
    tail = np.uint32(0)
    for byte in range(_TAIL):
        tail |= np.uint32(data[position - _TAIL + byte]) << np.uint32(8 * byte)
    for index in range(len(tails)):
        if tails[index] == tail:
            seen[index] = True


@numba.njit(nogil=True, cache=True)
def _odd_token(data: Bytes, position: int, end: int, comma: bool) -> bool:
    """Whether after `:`, `,` or `[` comes NaN, Infinity, or (after a comma) a closing bracket.

    DuckDB's parser takes these; JSON has none of them. It may also be text in a string: only a closer look tells.
    """
    while position < end and (data[position] == 32 or data[position] == 9):
        position += 1
    if position + 4 >= end:
        return True
    byte = data[position]
    if byte == 34 or byte == 123:
        return False
    if comma and (byte == 93 or byte == 125):
        return True
    if byte == 45:
        position += 1
        byte = data[position]
    first, second, third = byte | 32, data[position + 1] | 32, data[position + 2] | 32
    nan = first == 110 and second == 97 and third == 110
    infinity = first == 105 and second == 110 and third == 102
    return bool(nan or infinity)
