"""Events in Parquet: the same nested fields as a JSON call, as structs or as JSON text.

A NULL in a column or struct is a field that is not there: Parquet has no other way to leave one out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines import nul
from pipelines.errors import FileRefused
from pipelines.ingest import calls
from pipelines.ingest.chunks import MORSEL_ROWS, Chunk, Layout
from pipelines.ingest.expressions import fault, text_of
from pipelines.naming import quoted
from pipelines.space import Input

_BACKSLASH = 92
_ZONED = "%Y-%m-%dT%H:%M:%S.%fZ"
_FIRST, _LAST = "timestamp '0001-01-01'", "timestamp '9999-12-31 23:59:59.999999'"


@dataclass(frozen=True)
class Structs:
    """Layout: the columns of a Parquet file of calls."""

    source: Input
    schema: pa.Schema
    nul: bool = False
    """Whether there may be a NUL in some text of the block."""

    @cached_property
    def raw(self) -> str:
        """A record as a JSON object without its NULLs."""
        fields = ", ".join(
            f"{_key(name)}, {_json(quoted(name), self.schema.field(name).type)}" for name in self.schema.names
        )
        return f"json_merge_patch('{{}}'::json, json_object({fields}))::varchar"

    def joined(self, other: Layout) -> Structs | None:
        """Files of one input and one schema join."""
        if not isinstance(other, Structs) or (self.source, self.schema) != (other.source, other.schema):
            return None
        return replace(self, nul=self.nul or other.nul)

    def may_have(self, document: str, path: tuple[str, ...]) -> bool:
        """Whether a document may hold something at a path, by the schema."""
        kind = self._type(document)
        for key in path:
            if kind is None or not pa.types.is_struct(kind):
                break
            index = kind.get_field_index(key)
            kind = None if index < 0 else kind.field(index).type
        return kind is not None

    def fields(self, source: str) -> str:
        """SELECT of the relation `calls.FIELDS` over a block of this layout named `source`."""
        texts = [f"{self._text(field)} as {name}" for name, field in calls.TEXTS.items()]
        odd = [f"{self._odd(calls.TEXTS[name])} as odd_{name}" for name in calls.ODD]
        times = [
            f"{self._time(field)} as {name}_text, {self._at(field)} as {name}_at"
            for name, field in calls.TIMES.items()
        ]
        spelled = [name for name, field in calls.TIMES.items() if self._type(field) is not None]
        documents = [f"{self._document(name)} as {name}_json" for name in calls.DOCUMENTS]
        naming = [f"{self._document(name)} as {name}_json" for name in ("name", "category")]
        columns = ",\n      ".join([*texts, *odd, *times, *documents, *naming])
        return calls.finished(
            f"select seq, file, line, {self._broken()} as broken,\n      {columns} from {quoted(source)}",
            spelled,
            [name for name in calls.DOCUMENTS if not pa.types.is_struct(self._type(name) or pa.null())],
        )

    def _type(self, field: str) -> pa.DataType | None:
        index = self.schema.get_field_index(field)
        return None if index < 0 else self.schema.field(index).type

    def _text(self, field: str) -> str:
        kind = self._type(field)
        if kind is None:
            return "null::varchar"
        if _is_text(kind) or pa.types.is_integer(kind):
            return f"{quoted(field)}::varchar"
        return text_of(_json(quoted(field), kind))

    def _odd(self, field: str) -> str:
        kind = self._type(field)
        if kind is None or _is_text(kind) or pa.types.is_integer(kind):
            return "false"
        return f"{quoted(field)} is not null and ({self._text(field)}) is null"

    def _time(self, field: str) -> str:
        """The text of a time; of one that Parquet holds as a time, only if ISO-8601 cannot say it."""
        kind = self._type(field)
        if kind is None:
            return "null::varchar"
        if not _is_time(kind):
            return f"{quoted(field)}::varchar"
        return (
            f"case when {self._at(field)} is null then strftime({quoted(field)}::timestamp, '{_ZONED}') end"
        )

    def _at(self, field: str) -> str:
        kind = self._type(field)
        if kind is None or not _is_time(kind):
            return "null::timestamp"
        time = f"{quoted(field)}::timestamp"
        return f"case when {time} between {_FIRST} and {_LAST} then {time} end"

    def _document(self, field: str) -> str:
        kind = self._type(field)
        if kind is None:
            return "null::json"
        if not _is_text(kind):
            return _json(quoted(field), kind)
        if field in ("name", "category"):
            return f"to_json({quoted(field)})"
        return f"try(json({quoted(field)}))"

    def _broken(self) -> str:
        """A NUL anywhere, or a document given as text that is no JSON."""
        texts = [
            name for name in calls.DOCUMENTS if (kind := self._type(name)) is not None and _is_text(kind)
        ]
        cases = []
        if self.nul:
            found = [nul.in_json(self.raw), *(nul.in_json(quoted(name)) for name in texts)]
            cases.append(f"when {' or '.join(found)} then {fault('nul_byte', None, nul.EXPECTED)}")
        cases += [
            f"when {quoted(name)} is not null and not json_valid({quoted(name)}) "
            f"then {fault('invalid_json', name, 'a JSON object')}"
            for name in texts
        ]
        return f"case {' '.join(cases)} end" if cases else "null"


def read(path: Path, source: Input, file: int) -> Iterator[Chunk]:
    """The rows of a Parquet file; `line` is the row's number, from 1. Raises `FileRefused` if it is none."""
    try:
        with pq.ParquetFile(path) as parquet:
            layout = Structs(source, parquet.schema_arrow.remove_metadata())
            _check_names(layout.schema, path)
            size = path.stat().st_size / max(parquet.metadata.num_rows, 1)
            line = 1
            for batch in parquet.iter_batches(batch_size=MORSEL_ROWS):
                held = replace(layout, nul=any(map(_may_hold_nul, batch.columns)))
                yield Chunk(held, _records(batch, file, line), None, batch.nbytes, int(size * batch.num_rows))
                line += batch.num_rows
    except (pa.ArrowInvalid, OSError) as error:
        raise FileRefused(
            "BROKEN_PARQUET",
            f"the file cannot be read as Parquet: {str(error).splitlines()[0]}",
            where=path.name,
            expected="a complete Parquet file",
            hint="copy it again from where it came from, or have it written again",
        ) from None


def _check_names(schema: pa.Schema, path: Path) -> None:
    if "\0" in str(schema):
        raise FileRefused(
            "INVALID_CHARACTERS",
            "the name of a column or field holds NUL",
            where=path.name,
            expected="names without NUL",
            hint="write the file again with another name",
        )


def _may_hold_nul(column: pa.Array) -> bool:
    """A quick look at the bytes of all texts in a column: none holds NUL, or one may."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _may_hold_nul(column.dictionary)
    if pa.types.is_struct(kind):
        return any(_may_hold_nul(column.field(place)) for place in range(kind.num_fields))
    if pa.types.is_map(kind):
        return _may_hold_nul(column.keys) or _may_hold_nul(column.items)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return _may_hold_nul(column.values)
    if not _is_text(kind):
        return False
    text = column.cast(pa.large_string())
    _, offsets, data = text.buffers()
    if data is None or not len(text):
        return False
    bounds = np.frombuffer(offsets, np.int64)[text.offset : text.offset + len(text) + 1]
    held = np.frombuffer(data, np.uint8)[bounds[0] : bounds[-1]]
    if len(held) and held.min() == 0:
        return True
    return bool((held == _BACKSLASH).any()) and nul.ESCAPE.encode() in held.tobytes()


def _records(batch: pa.RecordBatch, file: int, line: int) -> pa.Table:
    rows = batch.num_rows
    table = pa.Table.from_batches([batch])
    for name in ("seq", "file", "line"):
        if name in table.column_names:
            table = table.drop_columns(name)
    table = table.append_column("file", pa.array(np.full(rows, file, np.int32)))
    return table.append_column("line", pa.array(np.arange(line, line + rows, dtype=np.int64)))


def _json(column: str, kind: pa.DataType) -> str:
    """A column as JSON, without NULLs inside; a time as ISO-8601 in UTC with its zone."""
    if _is_time(kind):
        return f"to_json(strftime({column}::timestamp, '{_ZONED}'))"
    plain = f"to_json({column})"
    if not pa.types.is_struct(kind):
        return plain
    # Only a document that has a null needs the second pass, which takes nulls out at every depth.
    without = "json_merge_patch('{}'::json, d)"
    stripped = f"case when contains(d::varchar, 'null') then {without} else d end"
    return f"list_transform([{plain}], lambda d: {stripped})[1]"


def _key(name: str) -> str:
    return "'" + name.replace("'", "''") + "'"


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _is_time(kind: pa.DataType) -> bool:
    return bool(pa.types.is_timestamp(kind) or pa.types.is_date(kind))
