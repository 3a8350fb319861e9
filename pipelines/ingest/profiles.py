"""Profiles CSV: uploads of customers, read by their header, with the line of every record.

Source: csv-upload specification, section 1. Rows that cannot be cut into the header's columns are rejected
one by one; only what makes the file as a whole unreadable refuses it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.errors import FileRefused
from pipelines.ingest import bytestream, cells, header, utf8
from pipelines.ingest.chunks import Chunk, rejected
from pipelines.ingest.found import empty
from pipelines.ingest.objects import objects
from pipelines.ingest.rows import Cells
from pipelines.ingest.tokens import slices
from pipelines.rules import Rules
from pipelines.space import Input

READ_BYTES = 2 << 20
"""Small enough to stay in a core's cache while its columns are taken out one by one."""
_INVALID_UTF8, _NUL = 5, 6
_REASONS = np.array(
    ["", "short_row", "long_row", "unclosed_quote", "text_after_quote", "invalid_utf8", "nul_byte"]
)


def read(path: Path, source: Input, file: int, rules: Rules, digest: str) -> Iterator[Chunk]:
    """The records of a `.csv` or `.csv.gz` whose content has the SHA-256 `digest`; raises `FileRefused`."""
    dialect = header.dialect(source)
    layout: Cells | None = None
    rest, line, record, enough = b"", 1, 1, 0
    for block, last in _with_last(bytestream.text_blocks(path, READ_BYTES, source.encoding)):
        rest += block
        if len(rest) < enough and not last:
            continue
        if layout is None:
            taken = _header(rest, last, source, rules, path.name, digest)
            if taken is None:
                continue
            layout, size, line = taken
            rest = rest[size:]
        data = np.frombuffer(rest, dtype=np.uint8)
        records = cells.split(data, last, line, len(layout.columns), dialect)
        if len(records.starts):
            yield _chunk(rest, data, records, layout, file, record)
        record += len(records.starts)
        rest, line = rest[records.consumed :], records.next_line
        # A record that is longer than a block is looked at again when there is twice as much of it.
        enough = 0 if records.consumed else 2 * len(rest)


def _with_last(blocks: Iterator[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Each block with whether it is the last; an empty file is one empty block."""
    held = next(blocks, b"")
    for block in blocks:
        yield held, False
        held = block
    yield held, True


def _header(
    text: bytes, last: bool, source: Input, rules: Rules, name: str, digest: str
) -> tuple[Cells, int, int] | None:
    """The layout the first record declares, its bytes and the line after it; None if more text is needed."""
    data = np.frombuffer(text, dtype=np.uint8)
    dialect = header.dialect(source)
    # Cut twice: for how many cells there are, then for the cells.
    first = cells.split(data[: _line_limit(text)], last, 1, 1, dialect)
    if not len(first.starts):
        if last:
            raise empty(source, name)
        return None
    where = f"{name}:{first.lines[0]}"
    if first.status[0] in (cells.UNCLOSED, cells.AFTER_QUOTE):
        raise FileRefused(
            "CSV_PARSE_ERROR",
            "a quote in the header is not closed, or text follows it",
            where=where,
            expected="headers as plain text, or wholly in quotes",
            hint="check `quote:` of this input and the first line",
        )
    start, end = int(first.starts[0]), int(first.ends[0])
    one = cells.split(data[start:end], True, 1, int(first.widths[0]), dialect)
    if not utf8.clean(text[start:end]):
        raise FileRefused(
            "WRONG_ENCODING",
            f"the header is not text in {source.encoding}",
            where=where,
            expected="text in UTF-8 unless `encoding:` says otherwise",
            hint="name the file's encoding under `encoding:` of this input, for example windows-1252",
        )
    headers = [_text(data[start:end], one, place, dialect) for place in range(int(first.widths[0]))]
    found = header.columns(headers, source, rules, where)
    size = end + 2 if text[end : end + 2] == b"\r\n" else min(end + 1, len(text))
    line = int(first.lines[0]) + text[start:size].count(b"\n")
    return Cells(source, found, digest), size, line


def _line_limit(text: bytes) -> int:
    """Enough of the text to hold the header, so that it is not cut a block at a time."""
    return min(len(text), 1 << 20)


def _text(data: npt.NDArray[np.uint8], one: cells.Records, place: int, dialect: cells.Dialect) -> str:
    if not len(one.starts):
        return ""
    start, end = int(one.cell_starts[place, 0]), int(one.cell_ends[place, 0])
    quote, escape = chr(dialect.quote), chr(dialect.escape)
    return data[start:end].tobytes().decode().replace(escape + quote, quote)


def _chunk(
    text: bytes, data: npt.NDArray[np.uint8], records: cells.Records, layout: Cells, file: int, first: int
) -> Chunk:
    status = records.status.copy()
    if not utf8.clean(text[: records.consumed]):
        broken = utf8.broken(data, records.starts, records.ends)
        status = np.where((status == cells.FINE) & (broken > 0), broken + _INVALID_UTF8 - 1, status)
    fine = status == cells.FINE
    dialect = header.dialect(layout.source)
    count = len(status)
    numbers = np.arange(first, first + count, dtype=np.int64)
    columns: dict[str, Any] = {
        "file": pa.array(np.full(int(fine.sum()), file, np.int32)),
        "line": pa.array(records.lines[fine]),
        "record": pa.array(numbers[fine]),
        "raw": slices(text, records.starts[fine], records.ends[fine]),
    }
    for place in range(len(layout.columns)):
        columns[f"c{place + 1}"] = _column(data, records, place, fine, dialect)
    if not layout.typed:
        texts = {column.name: columns[f"c{column.place}"] for column in layout.traits}
        columns["traits"] = objects(texts, int(fine.sum()))
    rejects = None if fine.all() else _rejects(data, records, status, layout, file)
    return Chunk(layout, pa.table(columns), rejects, 3 * int(records.consumed), int(records.consumed))


def _column(
    data: npt.NDArray[np.uint8],
    records: cells.Records,
    place: int,
    fine: npt.NDArray[np.bool_],
    dialect: cells.Dialect,
) -> Any:  # Any: pyarrow types arrays by their value
    starts, ends, forms = records.cell_starts[place], records.cell_ends[place], records.forms[place]
    if not fine.all():
        starts, ends, forms = starts[fine], ends[fine], forms[fine]
    offsets, out, filled = cells.column(data, starts, ends, forms, dialect)
    valid = None if filled.all() else pa.py_buffer(np.packbits(filled, bitorder="little"))
    return pa.Array.from_buffers(
        pa.large_string(), len(starts), [valid, pa.py_buffer(offsets), pa.py_buffer(out)]
    )


def _bytes(data: npt.NDArray[np.uint8], records: cells.Records, kept: npt.NDArray[np.bool_]) -> Any:
    """The records themselves, as bytes."""
    starts, ends = records.starts[kept], records.ends[kept]
    forms = np.zeros(len(starts), np.uint8)
    offsets, out, _ = cells.column(data, starts, ends, forms, cells.Dialect(0, 0, 0))
    return pa.Array.from_buffers(
        pa.large_binary(), len(starts), [None, pa.py_buffer(offsets), pa.py_buffer(out)]
    )


def _rejects(
    data: npt.NDArray[np.uint8],
    records: cells.Records,
    status: npt.NDArray[np.uint8],
    layout: Cells,
    file: int,
) -> pa.Table:
    bad = status != cells.FINE
    names = np.array([column.name for column in layout.columns] + [None], dtype=object)
    short = np.where(status[bad] == cells.SHORT, records.widths[bad], len(layout.columns))
    wanted = {
        "short_row": f"{len(layout.columns)} cells, as in the header; the column is the first one missing",
        "long_row": f"{len(layout.columns)} cells, as in the header",
        "unclosed_quote": "a closing quote",
        "text_after_quote": "a delimiter or the end of the line after a closing quote",
        "invalid_utf8": "text in UTF-8, or the encoding named under `encoding:`",
        "nul_byte": "text without NUL bytes",
    }
    reasons = _REASONS[status[bad]]
    details = np.array([wanted.get(str(reason), "") for reason in _REASONS])[status[bad]]
    return rejected(
        file=file,
        line=pa.array(records.lines[bad]),
        column=pa.array(names[short], pa.string()),
        reason=pa.array(reasons, pa.string()),
        detail=pa.array(details, pa.string()),
        raw=_bytes(data, records, bad),
    )
