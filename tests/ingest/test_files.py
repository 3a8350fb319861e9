"""Which files are taken, once; what a broken one, a changed one or a killed load leaves behind."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.errors import FileRefused, InputError
from pipelines.ingest import reading
from pipelines.ingest.found import digests, discover, unusable
from pipelines.steps import arrival
from pipelines.steps import load as step
from tests.ingest.loading import NOW, Desk

EXTERNAL_ID = {"id": "7", "type": "app_id", "collection": "users", "encoding": "none"}
LATER = NOW + timedelta(hours=1)


def page(name: str, user: str = "u", **fields: Any) -> str:
    return json.dumps({"type": "page", "messageId": name, "userId": user, **fields}) + "\n"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = Desk(tmp_path)
    made.input("events", "*.jsonl*")
    return made


def statuses(desk: Desk) -> list[tuple[str, str, int, int]]:
    return [(row["path"], row["status"], row["loaded"], row["duplicate"]) for row in desk.files()]


def test_a_second_load_opens_no_batch_and_writes_no_row(desk: Desk) -> None:
    desk.put("a.jsonl", page("a"))
    assert desk.load().batches == (1,)
    before = desk.files(), desk.messages()
    assert desk.load(LATER).batches == ()
    assert (desk.files(), desk.messages()) == before


def test_a_space_without_files_opens_no_batch(desk: Desk) -> None:
    assert desk.load().batches == ()


def test_the_same_bytes_under_another_name_are_a_duplicate_file(desk: Desk) -> None:
    desk.put("a.jsonl", page("a"))
    desk.put("b.jsonl.gz", page("a"))
    desk.load()
    desk.put("c.jsonl", page("a"))
    assert desk.load(LATER).batches == ()
    assert statuses(desk) == [
        ("a.jsonl", "loaded", 1, 0),
        ("b.jsonl.gz", "duplicate", 0, 0),
        ("c.jsonl", "duplicate", 0, 0),
    ]
    assert desk.load(LATER).batches == ()
    assert len(desk.files()) == 3


def test_a_touched_file_is_not_taken_again_and_a_grown_one_is(desk: Desk) -> None:
    path = desk.put("a.jsonl", page("a"))
    desk.load()
    os.utime(path, ns=(1, 1))
    assert desk.load(LATER).batches == ()
    assert desk.files()[0]["modified_ns"] == 1
    desk.put("a.jsonl", page("a") + page("b"))
    assert desk.load(LATER).batches == (2,)
    assert statuses(desk)[1] == ("a.jsonl", "loaded", 1, 1)
    assert desk.rows("select file, line, message_id from state.duplicates") == [
        {"file": 2, "line": 1, "message_id": "a"}
    ]


def test_again_takes_a_file_again_and_its_rows_are_duplicates(desk: Desk) -> None:
    path = desk.put("a.jsonl", page("a") + '{"type":"page","userId":"u"}\n')
    desk.load()
    assert desk.load(LATER, again=[path]).batches == (2,)
    assert desk.load(LATER, again=[Path("a.jsonl")]).batches == (3,)  # its name in the tables
    assert statuses(desk)[1] == ("a.jsonl", "loaded", 0, 2)
    with pytest.raises(InputError, match="not one of the space's inputs"):
        desk.load(LATER, again=[path.with_name("other.jsonl")])


def test_a_refused_file_is_tried_again_when_its_bytes_or_settings_change(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.input("profiles", "*.csv")
    desk.put("a.csv", "name;email\nA;a@x.com\n")
    assert desk.load().files[0].code == "CSV_PARSE_ERROR"
    assert desk.load(LATER).batches == ()
    os.utime(tmp_path / "a.csv", ns=(1, 1))
    assert desk.load(LATER).batches == ()
    desk.inputs.clear()
    desk.input("profiles", "*.csv", delimiter=";")
    assert desk.load(LATER).files[0].loaded == 1
    desk.put("b.csv", "name,email\nA,a@x.com\n")
    assert desk.load(LATER).files[0].status == "refused"
    desk.put("b.csv", "name;email\nB;b@x.com\n")
    assert desk.load(LATER).files[0].loaded == 1


def test_one_unusable_file_does_not_stop_the_others(desk: Desk) -> None:
    desk.input("events", "*.parquet")
    desk.put("a.jsonl", page("a"))
    whole = gzip.compress((page("b") * 100).encode())
    (desk.folder / "b.jsonl.gz").write_bytes(whole[: len(whole) // 2])
    (desk.folder / "c.jsonl.gz").write_bytes(b"not gzip")
    desk.put("d.jsonl.txt", page("d"))
    desk.put("e.parquet", "no parquet")
    desk.put("f.jsonl", "")
    report = desk.load()
    assert [(file.path, file.status, file.code, file.loaded) for file in report.files] == [
        ("a.jsonl", "loaded", None, 1),
        ("b.jsonl.gz", "refused", "BROKEN_GZIP", 0),
        ("c.jsonl.gz", "refused", "BROKEN_GZIP", 0),
        ("d.jsonl.txt", "refused", "INVALID_FILE_TYPE", 0),
        ("f.jsonl", "refused", "EMPTY_FILE", 0),
        ("e.parquet", "refused", "BROKEN_PARQUET", 0),
    ]
    assert all(file.message for file in report.files if file.status == "refused")
    assert desk.load(LATER).batches == ()


def test_a_file_without_a_row_is_refused_whatever_its_format(desk: Desk) -> None:
    desk.input("events", "*.parquet")
    desk.input("profiles", "*.csv")
    (desk.folder / "b").mkdir()
    desk.input("events", "b/*.jsonl")
    desk.put("a.jsonl", "\n  \r\n")
    desk.put("b/a.jsonl", "\n")
    pq.write_table(pa.table({"type": pa.array([], pa.string())}), desk.folder / "c.parquet")
    desk.put("d.csv", "user_id,email\n")
    desk.put("e.jsonl", page("e"))
    desk.load()
    told = [(row["path"], row["status"], row["code"], row["rows"]) for row in desk.files()]
    assert told == [
        ("a.jsonl", "refused", "EMPTY_FILE", 0),
        ("e.jsonl", "loaded", None, 1),
        ("c.parquet", "refused", "EMPTY_FILE", 0),
        ("d.csv", "refused", "EMPTY_FILE", 0),
        ("b/a.jsonl", "refused", "EMPTY_FILE", 0),
    ]
    assert [row["message"].splitlines()[0] for row in desk.files() if row["code"]] == [
        f"{name}: there is no row in the file" for name in ("a.jsonl", "c.parquet", "d.csv", "b/a.jsonl")
    ]
    assert desk.load(LATER).batches == ()


def test_what_a_pattern_meets_and_is_no_file_is_said(desk: Desk) -> None:
    desk.input("events", "sub/**/x/*.jsonl")
    desk.put("a.jsonl", page("a"))
    (desk.folder / "b.jsonl").symlink_to("nowhere.jsonl")
    (desk.folder / "c.jsonl").mkdir()
    os.mkfifo(desk.folder / "d.jsonl")
    (desk.folder / "e.jsonl").symlink_to("a.jsonl")
    (desk.folder / "sub/deep/x/f.jsonl").mkdir(parents=True)
    for again in range(2):
        said = [file for file in desk.load(LATER if again else NOW).files if file.code == "NOT_A_FILE"]
        assert [str(file.message).splitlines()[0] for file in said] == [
            "b.jsonl: the link leads to no file",
            "c.jsonl: this is a folder",
            "d.jsonl: this is neither a file nor a folder",
            "sub/deep/x/f.jsonl: this is a folder",
        ]
        assert all("to do: " in str(file.message) for file in said)
    assert statuses(desk) == [("a.jsonl", "loaded", 1, 0), ("e.jsonl", "duplicate", 0, 0)]


def test_a_pattern_of_folders_takes_what_is_in_them(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.input("events", "sub/**")
    (tmp_path / "sub/deep").mkdir(parents=True)
    desk.put("sub/deep/a.jsonl", page("a"))
    assert [(file.path, file.loaded) for file in desk.load().files] == [("sub/deep/a.jsonl", 1)]


def test_what_may_not_be_read_is_said_and_taken_once_it_may(nobody: Desk) -> None:
    nobody.input("events", "*/*.jsonl")
    shut = nobody.folder / "shut"
    shut.mkdir()
    for name in ("a.jsonl", "shut/b.jsonl"):
        nobody.put(name, page(name)).chmod(0)
    shut.chmod(0o111)
    with unprivileged():
        discovered = discover(nobody.space)
        said = [digest.refusal for digest in digests(discovered)] + list(unusable(nobody.space))
    assert [(error.where, error.code) for error in said if error] == [
        ("a.jsonl", "UNREADABLE"),
        ("shut", "UNREADABLE"),
    ]
    assert all(error.hint for error in said if error)
    nobody.inputs[1] = replace(nobody.inputs[1], path=str(shut / "b.jsonl"))
    with unprivileged():
        assert unusable(nobody.space) == ()  # a folder need not be listed for a file that is named outright
    shut.chmod(0o755)
    for name in ("a.jsonl", "shut/b.jsonl"):
        (nobody.folder / name).chmod(0o644)
    assert [file.path for file in nobody.load().files] == ["a.jsonl", "shut/b.jsonl"]


@pytest.fixture
def nobody() -> Iterator[Desk]:
    """A desk in a folder that anybody may enter."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        made = Desk(Path(folder))
        made.input("events", "*.jsonl*")
        yield made


@contextlib.contextmanager
def unprivileged() -> Iterator[None]:
    """As a user whom permissions bind; root is not."""
    mine = os.geteuid()
    if mine == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(mine)


def test_a_batch_without_a_message_completes(desk: Desk) -> None:
    desk.put("a.jsonl", "nothing\n")
    assert desk.load().rejects == 1
    assert desk.rows("select stage, message_set, messages, rejects from ops.batches") == [
        {"stage": "loaded", "message_set": None, "messages": 0, "rejects": 1}
    ]


def test_a_missing_file_named_outright_is_an_error(desk: Desk) -> None:
    desk.input("events", "history/all.jsonl")
    with pytest.raises(InputError, match="missing"):
        desk.load()


def test_files_are_taken_in_the_order_of_inputs_then_of_paths(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.input("profiles", "z/*.csv")
    desk.input("profiles", "*.csv")
    (tmp_path / "z").mkdir()
    for name in ("b.csv", "a.csv", "z/c.csv", "B.csv"):
        desk.put(name, f"email,n\n{name}@x.com,{name}\n")
    desk.load()
    assert [row["path"] for row in desk.files()] == ["z/c.csv", "B.csv", "a.csv", "b.csv"]
    assert [message["row"] for message in desk.messages()] == [0, 1, 2, 3]


def test_an_interrupted_load_keeps_its_time_files_and_rules(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.put("a.jsonl", page("a"))

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(step, "_commit", stop)
        with pytest.raises(KeyboardInterrupt):
            desk.load()
    assert [row["status"] for row in desk.files()] == ["opened"]
    desk.put("b.jsonl", page("b"))
    report = desk.load(LATER)
    assert report.batches == (1, 2)
    assert desk.rows("select batch, batch_time from ops.batches order by batch") == [
        {"batch": 1, "batch_time": NOW},
        {"batch": 2, "batch_time": LATER},
    ]
    assert statuses(desk) == [("a.jsonl", "loaded", 1, 0), ("b.jsonl", "loaded", 1, 0)]


@pytest.mark.parametrize("content", [None, page("a") + page("b")], ids=["gone", "grown"])
def test_a_file_that_changed_under_an_interrupted_load_is_new_for_the_next(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, content: str | None
) -> None:
    path = desk.put("a.jsonl", page("a"))
    desk.put("b.jsonl", page("c"))

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(step, "_commit", stop)
        with pytest.raises(KeyboardInterrupt):
            desk.load()
    if content is None:
        path.unlink()
    else:
        desk.put("a.jsonl", content)
    report = desk.load(LATER)
    assert (report.files[0].path, report.files[0].code) == ("a.jsonl", "FILE_CHANGED")
    assert report.files[1].loaded == 1
    assert report.batches == ((1,) if content is None else (1, 2))
    if content is None:
        desk.put("a.jsonl", page("a"))
        assert desk.load(LATER).files[0].loaded == 1


def test_a_file_that_turns_out_broken_half_way_leaves_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.put("a.jsonl", page("a"))
    desk.put("b.jsonl", page("b"))
    read = reading.read

    def torn(file: Any, *rest: Any) -> Any:
        yield from read(file, *rest)
        if file.name == "a.jsonl":
            raise FileRefused("BROKEN", "torn", where=file.name)

    monkeypatch.setattr(arrival, "read", torn)
    report = desk.load()
    assert [(file.path, file.code, file.loaded) for file in report.files] == [
        ("a.jsonl", "BROKEN", 0),
        ("b.jsonl", None, 1),
    ]
    assert [message["message_id"] for message in desk.messages()] == ["b"]


def test_an_id_of_an_earlier_batch_is_a_duplicate_whatever_it_says(desk: Desk) -> None:
    desk.put("a.jsonl", page("a"))
    desk.load()
    desk.put("b.jsonl", page("a", user="other", timestamp="2020-01-01T00:00:00Z") + page("b"))
    desk.load(LATER)
    assert [
        (message["message_id"], message["user_id"], message["ordinal"]) for message in desk.messages()
    ] == [
        ("a", "u", 0),
        ("b", "u", 0),
    ]


def test_parquet_says_the_same_as_json(tmp_path: Path) -> None:
    calls = [
        {
            "type": "identify",
            "userId": "u1",
            "anonymousId": None,
            "timestamp": "2026-11-01T10:00:00.250Z",
            "traits": {"email": "a@x.com", "plan": None, "address": {"city": "Ulm", "zip": None}},
            "context": {"traits": None, "externalIds": [EXTERNAL_ID]},
            "properties": None,
            "event": None,
        },
        {
            "type": "track",
            "userId": None,
            "anonymousId": "a",
            "timestamp": "2026-11-01T10:00:01+02:00",
            "traits": None,
            "context": {"traits": {"email": "b@x.com"}, "externalIds": None},
            "properties": {"price": 1.5, "n": 3, "tags": ["a", "b"]},
            "event": "Bought",
        },
        {"type": "page", "userId": None},
    ]
    lines, columns = Desk(tmp_path / "lines"), Desk(tmp_path / "columns")
    for desk in (lines, columns):
        desk.folder.mkdir()
        desk.input("events", "a.*")
    lines.put("a.jsonl", "".join(json.dumps(absent(call)) + "\n" for call in calls))
    pq.write_table(pa.Table.from_pylist(calls), columns.folder / "a.parquet")
    assert lines.load().files[0].rejected == columns.load().files[0].rejected == 1
    assert lines.messages() == columns.messages()
    assert lines.messages()[0]["message_id"].startswith("auto:")


def absent(value: Any) -> Any:
    """A document without its nulls: what Parquet can say."""
    if isinstance(value, dict):
        return {name: absent(inner) for name, inner in value.items() if inner is not None}
    return value


def test_parquet_with_times_numbers_and_json_text(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.input("events", "*.parquet")
    with duckdb.connect() as con:
        con.execute(
            """copy (select * from (values
              ('page', 1, timestamp '2026-11-01 10:00:00', '{"a": [1, null]}', true),
              ('page', 2, null, 'no json', true),
              ('page', null, null, null, true)) t(type, "userId", timestamp, properties, odd))
            to $path (format parquet)""",
            {"path": str(tmp_path / "a.parquet")},
        )
    (report,) = desk.load().files
    assert (report.rows, report.loaded, report.rejected) == (3, 1, 2)
    (message,) = desk.messages()
    assert (message["user_id"], message["properties"], str(message["timestamp"])) == (
        "1",
        '{"a":[1,null]}',
        "2026-11-01 10:00:00",
    )
    assert [(row["line"], row["reason"]) for row in desk.rejects()] == [
        (2, "invalid_json"),
        (3, "no_identifier"),
    ]


def test_nul_in_parquet_rejects_its_row_wherever_it_stands(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.input("events", "*.parquet")
    calls: list[dict[str, Any]] = [
        {"messageId": "a", "userId": "u\0"},
        {"messageId": "b", "userId": "u", "traits": {"x": "a\0", "y": []}},
        {"messageId": "c", "userId": "u", "traits": {"x": "\\u0000", "y": ["", "\0"]}},
        {"messageId": "d", "userId": "u", "properties": '{"a":"\\u0000"}'},
        {"messageId": "e", "userId": "u", "properties": '{"a":"\0"}'},
        {"messageId": "f", "userId": "u", "other": "\0"},
        {
            "messageId": "g",
            "userId": "u",
            "traits": ESCAPED,
            "properties": '{"a":"\\\\u0000"}',
        },
    ]
    for name, part in (("a", calls), ("b", calls[-1:])):
        rows = [{"type": "page", **call, "messageId": call["messageId"] + name} for call in part]
        pq.write_table(pa.Table.from_pylist(rows, SCHEMA), tmp_path / f"{name}.parquet")
    desk.load()
    assert [(row["line"], row["reason"]) for row in desk.rejects()] == [(n, "nul_byte") for n in range(1, 7)]
    assert [message["message_id"] for message in desk.messages()] == ["ga", "gb"]
    assert json.loads(desk.messages()[0]["traits"]) == ESCAPED


def test_nul_in_the_name_of_a_parquet_field_refuses_the_file(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.input("events", "*.parquet")
    pq.write_table(pa.Table.from_pylist([{"type": "page", "traits": {"a\0": 1}}]), tmp_path / "a.parquet")
    (report,) = desk.load().files
    assert (report.status, report.code) == ("refused", "INVALID_CHARACTERS")


ESCAPED = {"x": "\\u0000", "y": ["\\"]}
"""Text that only says how NUL would be written."""
SCHEMA = pa.schema(
    {
        **dict.fromkeys(("type", "messageId", "userId", "properties", "other"), pa.string()),
        "traits": pa.struct({"x": pa.dictionary(pa.int32(), pa.string()), "y": pa.list_(pa.string())}),
    }
)


def test_a_full_megabyte_in_one_field(desk: Desk) -> None:
    big = "x" * (1 << 20)
    desk.put(
        "a.jsonl", page("a", properties={"big": big}) + page("b") + '{"type":"track","big":"' + big + '"}\n'
    )
    (report,) = desk.load().files
    assert (report.loaded, report.rejected) == (2, 1)
    assert len(desk.rejects()[0]["raw"]) > 1 << 20


def test_bytes_that_are_no_text_reject_their_line(desk: Desk) -> None:
    (desk.folder / "a.jsonl").write_bytes(
        page("a").encode()
        + b'{"type":"page","userId":"\xe9"}\n{"type":"page","userId":"\0"}\n\0\0\n'
        + page("b").encode()
    )
    (report,) = desk.load().files
    assert (report.rows, report.loaded, report.rejected) == (5, 2, 3)
    assert [(row["line"], row["reason"]) for row in desk.rejects()] == [
        (2, "invalid_utf8"),
        (3, "nul_byte"),
        (4, "nul_byte"),
    ]


def test_messages_with_one_id_and_one_time_but_other_contents_are_told_apart_by_content(
    tmp_path: Path,
) -> None:
    first, second = (page("a", user=user, timestamp="2026-11-01T00:00:00Z") for user in ("u1", "u2"))
    kept = set()
    for name, order in (("one", (first, second)), ("two", (second, first))):
        desk = Desk(tmp_path / name)
        desk.folder.mkdir()
        desk.input("events", "*.jsonl")
        desk.put("a.jsonl", "".join(order))
        shutil.copy(desk.put("b.jsonl", page("b")), desk.folder / "c.jsonl")
        assert desk.load().duplicates == 1
        kept.add(desk.messages()[0]["user_id"])
    assert len(kept) == 1
