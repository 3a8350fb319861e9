"""Lines of JSON: a file's lines as one Arrow column over the bytes as read, without a copy.

A line is only found here; it is parsed once, in DuckDB. What DuckDB could not hold as text (bytes that are
not UTF-8, NUL) is rejected here, line by line. Source: events specification, section 7.
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

READ_BYTES = 8 << 20
_NEWLINE = b"\n"

Bytes = npt.NDArray[np.uint8]
Offsets = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Tails = npt.NDArray[np.uint32]

_SPECIAL = np.isin(np.arange(256), np.frombuffer(b"\n\\:,[", np.uint8))
"""The bytes that finding lines stops at."""

_LF, _QUOTE, _COMMA, _COLON, _BACKSLASH, _LOWER_U, _OPEN_OBJECT = 10, 34, 44, 58, 92, 117, 123

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
        cut = block.rfind(_NEWLINE) + 1
        if not cut:
            rest += block
            continue
        text = rest + block[:cut] if rest else block[:cut]
        rest = block[cut:]
        chunk, lines = _chunk(text, source, file, line, keys)
        line += lines
        yield chunk
    if rest:
        yield _chunk(rest, source, file, line, keys)[0]


def _chunk(text: bytes, source: Input, file: int, first_line: int, keys: frozenset[str]) -> tuple[Chunk, int]:
    """The chunk of one stretch of whole lines, and how many physical lines it has."""
    data = np.frombuffer(text, dtype=np.uint8)
    asked = sorted(key for key in keys if len(key.encode()) >= _TAIL)
    tails = np.array([_tail(key) for key in asked], np.uint32)
    seen = np.zeros(len(asked), np.bool_)
    bounds, doubtful = _split(data, tails, seen)
    blank = _blank(data, bounds)
    absent = frozenset(np.array(asked, object)[~seen])
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
    return Chunk(Lines(source, absent), records, rejects, len(text), len(text)), lines


def _slices(
    text: bytes, bounds: Offsets, kind: pa.DataType
) -> Any:  # Any: pyarrow has no type for either kind
    return pa.Array.from_buffers(kind, len(bounds) - 1, [None, pa.py_buffer(bounds), pa.py_buffer(text)])


def _split(data: Bytes, tails: Tails, seen: Flags) -> tuple[Offsets, Flags]:
    """Bounds of the lines, and which are doubtful; the newline belongs to its line. Fills `seen`.

    The arrays could hold a line per byte; pages that are not written to cost nothing.
    """
    bounds = np.empty(len(data) + 2, np.int64)
    doubtful = np.zeros(len(data) + 1, np.bool_)
    lines = _scan(data, bounds, doubtful, tails, seen)
    return bounds[: lines + 1].copy(), doubtful[:lines].copy()


@numba.njit(nogil=True, cache=True)
def _scan(  # noqa: C901, PLR0912  # one pass: a branch a kind of byte
    data: Bytes, bounds: Offsets, doubtful: Flags, tails: Tails, seen: Flags
) -> int:
    """One pass over the bytes, written flat because every nanosecond is spent half a billion times.

    Notes in `seen` which keys, known by their last bytes, stand before a colon; all of them if there are
    escapes that could spell a key.
    """
    end = len(data)
    bounds[0] = 0
    line = 0
    for position in range(end):
        byte = data[position]
        if not _SPECIAL[byte]:
            continue
        if byte == _LF:
            line += 1
            bounds[line] = position + 1
            continue
        if byte == _BACKSLASH:
            if position + 1 < end and data[position + 1] == _LOWER_U:
                seen[:] = True
            continue
        if byte == _COLON:
            if position > _TAIL and data[position - 1] == _QUOTE:
                tail = (
                    np.uint32(data[position - 5])
                    | np.uint32(data[position - 4]) << np.uint32(8)
                    | np.uint32(data[position - 3]) << np.uint32(16)
                    | np.uint32(data[position - 2]) << np.uint32(24)
                )
                for index in range(len(tails)):
                    if tails[index] == tail:
                        seen[index] = True
            else:
                seen[:] = True
        if position + 1 < end:
            following = data[position + 1]
            if following in (_QUOTE, _OPEN_OBJECT) or 48 <= following <= 57:
                continue
        if _odd_token(data, position + 1, end, byte == _COMMA):
            doubtful[line] = True
    if bounds[line] < end:
        line += 1
        bounds[line] = end
    return line


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


def _tail(key: str) -> int:
    return int.from_bytes(key.encode()[-_TAIL:], "little")


@numba.njit(nogil=True, cache=True)
def _odd_token(data: Bytes, position: int, end: int, comma: bool) -> bool:
    """Whether after `:`, `,` or `[` comes NaN, Infinity, or (after a comma) a closing bracket.

    DuckDB's parser takes these; JSON has none of them. It may be text in a string, too: a closer look tells.
    """
    while position < end and (data[position] == 32 or data[position] == 9):
        position += 1
    if position + 4 >= end:
        return True
    byte = data[position]
    if comma and (byte == 93 or byte == 125):
        return True
    if byte == 45:
        position += 1
        byte = data[position]
    first, second, third = byte | 32, data[position + 1] | 32, data[position + 2] | 32
    nan = first == 110 and second == 97 and third == 110
    infinity = first == 105 and second == 110 and third == 102
    return bool(nan or infinity)
