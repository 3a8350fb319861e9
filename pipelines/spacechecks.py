"""What must hold between the values of a space file.

The checks look at the values as read, not at the checked form, so that they also find what is wrong in a file
whose form is faulty elsewhere; what the form itself refuses they pass over.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Callable
from pathlib import Path

from pipelines import conditions, naming
from pipelines.values import RESERVED_SPACES
from pipelines.yamlfile import Document

Check = Callable[[Document], None]


def absolute(folder: Path, written: str) -> Path:
    """The path that `written` means in a space file lying in `folder`."""
    return Path(os.path.normpath(folder / Path(written).expanduser()))


def _check_store(document: Document) -> None:
    space, store = document.at("space"), document.at("store")
    if not isinstance(store, str) or not store:
        return
    file = absolute(document.folder, store)
    catalog = file.name.partition(".")[0].lower()  # as DuckDB names the catalog of a file
    if catalog == space or catalog in RESERVED_SPACES:
        document.fault(
            ("store",),
            "the file may not be named like a schema in it",
            expected=f"a file name that does not start with `{catalog}.`, such as warehouse.duckdb",
            hint=f"DuckDB would find `{catalog}.user_traits` ambiguous: the file's, or the schema's?",
        )
    elif file.is_dir():
        document.fault(
            ("store",),
            "the store is a folder",
            expected="a file, which need not exist yet",
            hint="add the name of a file: warehouse.duckdb",
        )


def _check_sources(document: Document) -> None:
    space = document.at("space")
    for kind in ("profiles", "events"):
        for place, item in document.items("inputs", kind):
            source = item.get("source") if isinstance(item, dict) else None
            names = source.values() if isinstance(source, dict) else [source or kind]
            if space in {naming.snake(name) for name in names if isinstance(name, str)}:
                document.fault(
                    (*place, "source"),
                    "the space is named like this source",
                    expected="different names: a source's own tables lie in a schema of its name",
                    hint="rename the space, or name the source with `source:`",
                )


def _check_files(document: Document) -> None:
    paths = [
        ((*place, "path"), item)
        for kind in ("profiles", "events")
        for place, item in document.items("inputs", kind)
    ]
    paths += list(document.items("traits", "sql"))
    for place, item in paths:
        written = item.get("path") if isinstance(item, dict) else item
        if isinstance(written, str) and written and not glob.has_magic(written):
            file = absolute(document.folder, written)
            if not file.is_file():
                what = "a folder, not a file" if file.is_dir() else "no such file"
                hint = "name files that come and go with a pattern, such as uploads/*.csv"
                document.fault(place, what, expected="a file, relative to the space file", hint=hint)


def _check_identifiers(document: Document) -> None:
    seen: dict[str, int] = {}
    for place, item in document.items("identity", "identifiers"):
        if not isinstance(item, dict):
            continue
        if isinstance(kind := item.get("type"), str):
            here = document.marks[(*place, "type")].line + 1
            if kind in seen:
                what = f"an identifier type declared twice, first on line {seen[kind]}"
                document.fault((*place, "type"), what, hint="keep one of them; its place is its priority")
            seen.setdefault(kind, here)
        if item.get("region") is not None and item.get("normalize") != "e164":
            expected = "`normalize: e164` beside it"
            document.fault(
                (*place, "region"),
                "a region has no use here",
                expected=expected,
                hint="add it, or remove `region`",
            )


def _check_computed(document: Document) -> None:
    seen: dict[str, int] = {}
    for place, item in document.items("traits", "computed"):
        if not isinstance(item, dict) or not isinstance(name := item.get("name"), str):
            continue
        key = item["key"] if isinstance(item.get("key"), str) else naming.column_name(name)
        at = (*place, "key" if "key" in item else "name")
        if key in seen:
            what = f"the trait's key is used twice, first on line {seen[key]}"
            document.fault(at, what, hint="give one of them another `key:`")
        seen.setdefault(key, document.marks[at].line + 1)
        if item.get("call", "track") == "track" and "event" not in item:
            expected = "the name of the track event to look at"
            document.fault(
                (*place, "event"), "the key `event` is missing", expected=expected, hint="add it here"
            )


def _check_conditions(document: Document) -> None:
    for place, item in document.items("traits", "computed"):
        where = item.get("where") if isinstance(item, dict) else None
        for problem in conditions.problems(where) if where else ():
            here = (*place, "where", *problem.path)
            document.fault(here, problem.what, expected=problem.expected, hint=problem.hint)


def _check_columns(document: Document) -> None:
    for place, item in document.items("inputs", "profiles"):
        columns = item.get("columns") if isinstance(item, dict) else None
        if isinstance(columns, dict):
            names = [name for name in columns.values() if isinstance(name, str)]
            if len(set(names)) < len(names):
                hint = "give each header its own name"
                document.fault((*place, "columns"), "two headers get one name", hint=hint)


CHECKS: tuple[Check, ...] = (
    _check_store,
    _check_sources,
    _check_files,
    _check_identifiers,
    _check_computed,
    _check_conditions,
    _check_columns,
)
