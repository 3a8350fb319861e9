"""The header of a profiles CSV: what its columns are called and mean, or why the file is refused.

Source: csv-upload specification, sections 1.1 and 1.3; the codes are those of 1.3.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.errors import FileRefused
from pipelines.ingest.cells import Dialect
from pipelines.rules import Rules
from pipelines.space import Input

OWN_FIELDS = ("user_id", "anonymous_id", "group_id")
"""Columns that become the message's own fields and not traits."""

_DELIMITERS = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar"}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its place (1-based), the name to use, and the identifier type it holds, if any."""

    place: int
    name: str
    identifier: str | None


def dialect(source: Input) -> Dialect:
    """The input's dialect as bytes; it is declared, never guessed."""
    return Dialect(ord(source.delimiter), ord(source.quote), ord(source.escape))


def columns(headers: Sequence[str], source: Input, rules: Rules, where: str) -> tuple[Column, ...]:
    """The columns the headers stand for; raises `FileRefused` for the first thing wrong.

    `where` names file and line.
    """
    _check_delimiter(headers, source, where)
    _check_spelling(headers, where)
    renamed = dict(source.columns)
    names = [renamed.get(header, header) for header in headers]
    _check_unique(names, where)
    known = {spelling: rule.type for rule in rules.identifiers for spelling in (rule.type, _camel(rule.type))}
    known |= {spelling: field for field in OWN_FIELDS for spelling in (field, _camel(field))}
    found = tuple(Column(place, name, known.get(name)) for place, name in enumerate(names, 1))
    if not any(column.identifier for column in found):
        raise FileRefused(
            "MISSING_IDENTIFIER",
            "no column holds an identifier",
            where=where,
            expected="a column named like an identifier type: "
            + ", ".join(dict.fromkeys([*(rule.type for rule in rules.identifiers), *OWN_FIELDS[:2]])),
            hint="rename the column, or map its header under `columns:` of this input",
        )
    _check_settings(found, headers, source, where)
    return found


def _check_delimiter(headers: Sequence[str], source: Input, where: str) -> None:
    """One column that holds another common delimiter means that the declared one is wrong."""
    if len(headers) != 1:
        return
    for other, name in _DELIMITERS.items():
        if other != source.delimiter and other in headers[0]:
            raise FileRefused(
                "CSV_PARSE_ERROR",
                f"the header is a single column with {name} in it",
                where=f"{where}:{headers[0].index(other) + 1}",
                expected=f"columns parted by {_DELIMITERS.get(source.delimiter, repr(source.delimiter))}",
                hint=f'if the file is parted by {name}, say `delimiter: "{other}"` for this input'.replace(
                    "\t", "\\t"
                ),
            )


def _check_spelling(headers: Sequence[str], where: str) -> None:
    for place, header in enumerate(headers, 1):
        at = f"{where}, column {place}"
        if not header.strip():
            raise FileRefused(
                "EMPTY_HEADER",
                "a column has no header",
                where=at,
                expected="a name for every column",
                hint="name the column in the file, or take it out",
            )
        if re.search(r"[\x00-\x1f\x7f]", header):
            raise FileRefused(
                "INVALID_CHARACTERS",
                f"the header {header!r} has control characters",
                where=at,
                expected="letters, digits and signs",
                hint="lines that end in CR alone are not supported: save the file with LF or CRLF"
                if "\r" in header
                else "correct the header: it would become the name of a trait",
            )
        if header != header.strip() or "  " in header:
            raise FileRefused(
                "HEADER_SPACES",
                f"the header {header!r} has leading, trailing or repeated spaces",
                where=at,
                expected="single spaces inside a name only",
                hint="correct the header: it would become the name of a trait",
            )


def _check_unique(names: Sequence[str], where: str) -> None:
    seen: dict[str, int] = {}
    for place, name in enumerate(names, 1):
        if name in seen:
            raise FileRefused(
                "DUPLICATE_HEADERS",
                f"two columns are named {name!r}: {seen[name]} and {place}",
                where=f"{where}, column {place}",
                expected="every header once",
                hint="rename one of them, or map it to another name under `columns:` of this input",
            )
        seen[name] = place


def _check_settings(found: Sequence[Column], headers: Sequence[str], source: Input, where: str) -> None:
    """Columns the input's settings name must be there: a typo would otherwise change values in silence."""
    there = {column.name for column in found} | set(headers)
    wanted = {
        "timestamp": [source.timestamp] if source.timestamp else [],
        "types": [name for name, _ in source.types],
    }
    for setting, names in wanted.items():
        for name in names:
            if name not in there and setting == "timestamp":
                raise FileRefused(
                    "MISSING_COLUMN",
                    f"there is no column {name!r}",
                    where=where,
                    expected=f"the column that `{setting}:` of this input names",
                    hint="correct the setting or the header",
                )


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
