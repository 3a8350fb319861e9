"""Generated input: load against the plain oracle, readers against Python's, any order of rows."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import random
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import FileRefused
from pipelines.ingest import jsonl, profiles, tokens
from pipelines.ingest.canonical import canonical
from pipelines.ingest.chunks import Chunk
from pipelines.space import Input
from tests.ingest import oracle
from tests.ingest.loading import NOW, RULES, Desk, identifiers

WORDS = st.sampled_from(["u1", "u2", "ü", "", " ", "0", "x@x.com", 'q"\\', "\u0001", "😀"])
VALUES = st.one_of(
    st.none(), WORDS, st.integers(0, 9), st.booleans(), st.just(1.5), st.just([]), st.just({"a": 1})
)
TIMES = st.sampled_from(
    [
        None,
        "2026-11-01T00:00:00Z",
        "2026-11-01T00:00:00.5Z",
        "2026-11-01T01:00:00+02:00",
        "2026-11-01T00:00:00",
        "2026-11-01",
        "2026-02-30T00:00:00Z",
        "1969-01-01T00:00:00Z",
        "2027-01-01T00:00:00Z",
        "soon",
        5,
    ]
)
TRAITS = st.fixed_dictionaries({}, optional=dict.fromkeys(("email", "appId", "app_id", "plan"), VALUES))
DEVICE = st.fixed_dictionaries(
    {"type": st.sampled_from(["ios", "android"])},
    optional={
        "id": VALUES,
        "advertisingId": VALUES,
        "adTrackingEnabled": st.sampled_from([True, False, 1, None]),
    },
)
EXTERNAL = st.fixed_dictionaries(
    {"encoding": st.sampled_from(["none", "none", "sha"])},
    optional={
        "id": VALUES,
        "type": st.sampled_from(["email", "app_id", "group_id", "crm"]),
        "collection": st.sampled_from(["users", "accounts"]),
    },
)
CONTEXT = st.fixed_dictionaries(
    {},
    optional={
        "traits": TRAITS,
        "device": DEVICE,
        "externalIds": st.lists(EXTERNAL, max_size=3),
        "ip": WORDS,
        "groupId": VALUES,
        "group_id": VALUES,
    },
)
CALL = st.fixed_dictionaries(
    {"type": st.sampled_from(["identify", "track", "page", "group", "alias", "identify", "Track"])},
    optional={
        "messageId": st.sampled_from(["a", "b", "c", "", None, 7]),
        "userId": VALUES,
        "anonymousId": VALUES,
        "groupId": WORDS,
        "event": WORDS,
        "timestamp": TIMES,
        "receivedAt": TIMES,
        "sentAt": TIMES,
        "originalTimestamp": TIMES,
        "traits": TRAITS,
        "properties": TRAITS,
        "context": CONTEXT,
    },
)


@given(st.lists(CALL, min_size=20, max_size=45), st.booleans())
@settings(max_examples=8, deadline=None, derandomize=True)
def test_load_does_what_the_oracle_says(calls: list[dict[str, Any]], spaced: bool) -> None:
    lines = [
        json.dumps(call, ensure_ascii=False, separators=None if spaced else (",", ":")) for call in calls
    ]
    messages, rejects, duplicates = oracle.load(lines, NOW)
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(Path(folder))
        desk.input("events", "*.jsonl")
        desk.put("a.jsonl", "\n".join(lines))
        report = desk.load()
        found = desk.messages()
        assert [(row["line"], row["reason"]) for row in desk.rejects()] == rejects
    assert [
        oracle.Message(row["message_id"], row["timestamp"], row["repaired"], identifiers(row))
        for row in found
    ] == messages
    assert report.duplicates == duplicates


@given(st.lists(CALL, min_size=10, max_size=40), st.randoms(use_true_random=False))
@settings(max_examples=4, deadline=None, derandomize=True)
def test_neither_row_order_nor_the_split_into_files_changes_messages(
    calls: list[dict[str, Any]], chance: random.Random
) -> None:
    lines = [json.dumps(call) + "\n" for call in calls]
    shuffled = chance.sample(lines, len(lines))
    cuts = sorted(chance.sample(range(len(lines)), 3))
    split = [shuffled[start:end] for start, end in zip([0, *cuts], [*cuts, len(lines)], strict=True)]
    seen = []
    for files in ([lines], split):
        with tempfile.TemporaryDirectory() as folder:
            desk = Desk(Path(folder))
            desk.input("events", "*.jsonl*")
            for number, part in enumerate(files):
                desk.put(f"{number}.jsonl{'.gz' * (number % 2)}", "".join(part))
            desk.load(threads=len(files) % 2 + 1)
            seen.append([without_place(message) for message in desk.messages()])
    assert seen[0] == seen[1]


def without_place(message: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in message.items() if name not in ("row", "file", "line")}


SPELLINGS = [
    '{"a":1.50,"b":1e2,"c":-0,"d":0.0001,"e":12345678901234567890123,"f":-0.0,"g":100,"h":0.5,"i":1.25,"j":37.0}',
    '{"a":0.1234567890123456789,"b":123456789012345678,"c":9223372036854775808,"d":1E5,"e":0.001,"f":12.000}',
    '{"a":"\\/","b":"\\u00e9\\ud83d\\ude00","c":"\\u0001\\n\\t","d":"é\\"\\\\","\\u0065mail":"x@x.com","e":""}',
    '{ "a" : [ 1 , {"b" : [ ] } , [ ] , { } , null , true , false ] , "c" : {} }',
    '{"email":"e@x.com","email":"f@x.com","deep":[[[[[[{"a":[[[1]]]}]]]]]]}',
]
BROKEN = [
    '{"a":01}',
    '{"a":1.}',
    '{"a":.5}',
    '{"a":+1}',
    '{"a":tru}',
    '{"a":"\t"}',
    '{"a":"\\x"}',
    '{"a" 1}',
    "{,}",
    "[1,]",
    '{"a":}',
]
BROKEN += [
    '{"a":"\\ud800"}',
    '{"a":"b}',
    '{"a":[1}',
    '{"a":{"b":1]}',
    "{1:2}",
    '{"a":1 2}',
    '{"a":nulll}',
    '{"a":-}',
    "[",
    "{",
]


def test_lines_read_by_slices_and_by_the_parser_say_the_same(tmp_path: Path) -> None:
    heads = [
        '{"type":"identify","messageId":"%d","userId":"u"',
        ' {"userId" : 7 ,\t"messageId":"%d", "type":"identify"',
    ]
    lines = [
        f'{head % number}, "{field}":{document}}}'
        for number, (head, field, document) in enumerate(
            (head, field, document)
            for head in heads
            for field in ("traits", "properties", "context", "other")
            for document in SPELLINGS + BROKEN
        )
    ]
    lines += [
        "null",
        "{}",
        '{"type":"page","userId":"u","messageId":"x","userId":"v"}',
        '{"type":"page"}]',
        '{"type":"page"}x',
    ]
    seen = []
    for name in ("slices", "parser"):
        desk = Desk(tmp_path / name)
        desk.folder.mkdir()
        desk.input("events", "*.jsonl")
        desk.put("a.jsonl", "\n".join(lines))
        with pytest.MonkeyPatch.context() as patch:
            if name == "parser":
                patch.setattr(tokens, "find", nothing)
            report = desk.load()
        assert report.files[0].loaded > len(heads) * 4 * len(SPELLINGS) - 1
        seen.append((desk.messages(), desk.rejects()))
    assert seen[0] == seen[1]


def nothing(_: object, lines: Any, *__: object) -> tokens.Found:
    """No line is simple."""
    none = np.full((len(jsonl.FIELDS), len(lines)), -1, np.int32)
    return tokens.Found(none, none, np.zeros(len(lines), np.bool_), np.zeros(len(lines), np.bool_))


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), WORDS, st.text(max_size=4)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=6),
    max_leaves=12,
)


@given(st.lists(st.dictionaries(st.text(max_size=3), JSON, max_size=6), max_size=4))
@settings(deadline=None, derandomize=True)
def test_canonical_json_is_what_python_writes(documents: list[dict[str, Any]]) -> None:
    minified = [json.dumps(one, separators=(",", ":"), ensure_ascii=False) for one in documents]
    assert canonical(pa.array(minified, pa.large_string())).to_pylist() == [
        by_escaped_key(one) for one in documents
    ]


def test_canonical_json_of_a_wide_object_is_sorted() -> None:
    names = [f"{number * 7919 % 1000}" for number in range(1000)]
    document = json.dumps({name: [{"b": 1, "a": 2}] for name in names}, separators=(",", ":"))
    (text,) = canonical(pa.array([document], pa.large_string())).to_pylist()
    assert list(json.loads(text)) == sorted(names)
    assert text == by_escaped_key(json.loads(document))


def by_escaped_key(document: Any) -> str:
    """Python's canonical JSON; keys are compared as they are written: with their escapes."""
    if isinstance(document, dict):
        pairs = sorted((json.dumps(key, ensure_ascii=False)[1:-1], value) for key, value in document.items())
        return "{" + ",".join(f'"{key}":{by_escaped_key(value)}' for key, value in pairs) + "}"
    if isinstance(document, list):
        return "[" + ",".join(map(by_escaped_key, document)) + "]"
    return json.dumps(document, ensure_ascii=False)


CELL = st.text(st.sampled_from('ab",;\n\r é\\'), max_size=6)


@given(st.lists(st.tuples(CELL, CELL), max_size=30), st.integers(1, 40), st.sampled_from(["\n", "\r\n"]))
@settings(deadline=None, derandomize=True, max_examples=120)
def test_cells_are_those_that_python_reads_whatever_the_block_size(
    rows: list[tuple[str, str]], size: int, newline: str
) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator=newline, quoting=csv.QUOTE_ALL)
    writer.writerow(["email", "note"])
    writer.writerows(rows)
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(profiles, "READ_BYTES", size)
        path = Path(folder) / "a.csv"
        path.write_bytes(text.getvalue().encode())
        source = Desk(Path(folder)).input("profiles", "*.csv")
        chunks = read(path, source)
    found = [row for chunk in chunks for row in chunk.records.to_pylist()]
    assert [(row["c1"], row["c2"]) for row in found] == [
        tuple(cell if cell.strip(" \t\r\n") else None for cell in row) for row in rows
    ]
    assert [row["record"] for row in found] == list(range(1, len(rows) + 1))
    assert [row["line"] for row in found] == starts(rows)


def read(path: Path, source: Input) -> list[Chunk]:
    """The chunks of an upload; there are none if it has no row, and is refused for that."""
    chunks: list[Chunk] = []
    with contextlib.suppress(FileRefused):
        chunks += profiles.read(path, source, 1, RULES, "")
    return chunks


def starts(rows: list[tuple[str, str]]) -> list[int]:
    """The physical line each record starts on, after a header on line 1."""
    lines, line = [], 2
    for row in rows:
        lines.append(line)
        line += 1 + sum(cell.count("\n") for cell in row)
    return lines


@given(st.text(st.sampled_from('ab",\n\r \t')), st.integers(1, 30))
@settings(deadline=None, derandomize=True, max_examples=120)
def test_every_line_of_any_text_is_read_or_rejected_alike_in_any_block_size(text: str, size: int) -> None:
    seen = []
    for block in (size, 1 << 20):
        with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
            patch.setattr(profiles, "READ_BYTES", block)
            path = Path(folder) / "a.csv"
            path.write_bytes(b"email,note\n" + text.encode())
            source = Desk(Path(folder)).input("profiles", "*.csv")
            chunks = read(path, source)
        rows = [(row["line"], row["c1"], row["c2"]) for chunk in chunks for row in chunk.records.to_pylist()]
        bad = [
            (row["line"], row["reason"], row["raw"])
            for chunk in chunks
            if chunk.rejects is not None
            for row in chunk.rejects.to_pylist()
        ]
        seen.append((rows, bad))
    assert seen[0] == seen[1]
    covered = {line for line, *_ in seen[0][0]} | {line for line, *_ in seen[0][1]}
    assert covered or not text.strip("\r\n \t")


@given(st.lists(st.binary(max_size=12)), st.integers(1, 30), st.booleans())
@settings(deadline=None, derandomize=True, max_examples=120)
def test_lines_are_those_of_the_file_whatever_the_block_size(
    parts: list[bytes], size: int, ended: bool
) -> None:
    content = b"\n".join(parts) + b"\n" * ended
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(jsonl, "READ_BYTES", size)
        path = Path(folder) / "a.jsonl"
        path.write_bytes(b"{}\n" + content)
        source = Desk(Path(folder)).input("events", "*.jsonl")
        chunks = list(jsonl.read(path, source, 1, frozenset({"device"})))
    read = [(row["line"], row["text"].encode()) for chunk in chunks for row in chunk.records.to_pylist()]
    bad = [
        (row["line"], row["raw"])
        for chunk in chunks
        if chunk.rejects is not None
        for row in chunk.rejects.to_pylist()
    ]
    whole = list(enumerate((b"{}\n" + content).split(b"\n"), 1))
    assert sorted((number, text.rstrip(b"\n")) for number, text in read + bad) == [
        (number, line) for number, line in whole if line.strip(b" \t\r")
    ]
    assert all(b"\0" not in text for _, text in read)
