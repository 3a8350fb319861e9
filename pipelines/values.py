"""What a single value of a space file may be: types that check it and say what was expected.

A fault never repeats the value, since an environment variable may have held it; line and column point to it.
"""

from __future__ import annotations

import codecs
import re
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Literal

import duckdb
from phonenumbers import SUPPORTED_REGIONS
from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from pipelines import durations, naming

RESERVED_SPACES = frozenset({"information_schema", "main", "ops", "pg_catalog", "state", "system", "temp"})

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_TYPE = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)*")
_MEMORY = re.compile(r"\d+(\.\d+)? ?[KMGT]i?B", re.IGNORECASE)
_LOCATION = re.compile(
    r'(userId|anonymousId|groupId|(traits|properties|context)(\.([^\s."?&=]+|"[^"]+"))+)'
    r"(\?[^\s?&=]+=[^\s?&=]+(&[^\s?&=]+=[^\s?&=]+)*)?"
)


def refusal(what: str, expected: str, hint: str | None = None) -> PydanticCustomError:
    """A fault of one value. The value is never part of it, since a variable may have held it."""
    # The parts travel as context: a template would take braces in them for its own.
    return PydanticCustomError("unify", "refused", {"what": what, "expected": expected, "hint": hint})


def _name(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise refusal(
            "not usable as the name of a schema",
            "a lower-case letter, then lower-case letters, digits or `_`; at most 63 characters",
        )
    if value in RESERVED_SPACES:
        raise refusal("this name is taken", f"a name other than {', '.join(sorted(RESERVED_SPACES))}")
    return value


def _type(value: str) -> str:
    if not _TYPE.fullmatch(value):
        raise refusal(
            "not an identifier type",
            "lower-case letters, digits and `_`, starting with a letter; parts may be joined by dots",
            "types are written in snake case; a key in camel case is found all the same",
        )
    return value


def _location(value: str) -> str:
    if not _LOCATION.fullmatch(value):
        raise refusal(
            "not a place in a message",
            "userId, anonymousId, groupId, or a path below traits, properties or context",
            'for example properties.email, or "context.device.id?type=ios" in quotes',
        )
    return value


def _pattern(value: str) -> str:
    try:
        duckdb.execute("select regexp_matches('', $pattern)", {"pattern": value})
    except duckdb.InvalidInputException as error:
        reason = str(error).removeprefix("Invalid Input Error: ").partition(":")[0]
        raise refusal(
            f"not a regular expression ({reason})",
            "a regular expression as RE2 knows it, without look-around or back-references",
            "write a value to be matched as it stands under `exact`",
        ) from error
    return value


def _memory(value: str) -> str:
    if not _MEMORY.fullmatch(value):
        raise refusal("not an amount of memory", "a number and a unit, such as 8GB or 512MB")
    return value


def _region(value: str) -> str:
    if value not in SUPPORTED_REGIONS:
        raise refusal("not a country", "the two letters of a country, such as US, DE or BR")
    return value


def _duration(value: object) -> timedelta:
    try:
        return durations.duration(str(value))
    except ValueError as error:
        raise refusal("not a length of time", durations.EXPECTED) from error


def _time(value: object) -> datetime:
    """A time, naive in UTC; one written without zone is in UTC."""
    try:
        time = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        time = None
    if isinstance(time, datetime):
        return time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time
    if isinstance(time, date):
        return datetime(time.year, time.month, time.day)  # noqa: DTZ001  times in the tables are naive, in UTC
    raise refusal("not a time", "an ISO-8601 time, such as 2024-05-01 or 2024-05-01T12:00:00Z")


def _whole(value: object) -> object:
    """Truth values are no numbers, whatever Python thinks."""
    if isinstance(value, bool | float):
        raise refusal("not a whole number", "a whole number")
    return value


def _character(value: str) -> str:
    if len(value) != 1 or not value.isascii() or value in "\r\n":
        raise refusal("not one character", "one ASCII character", r'write a tab as "\t", in double quotes')
    return value


def _encoding(value: str) -> str:
    try:
        return codecs.lookup(value).name
    except LookupError as error:
        raise refusal("not a known encoding", "such as utf-8, utf-16, latin-1 or windows-1252") from error


def _key(value: str) -> str:
    if naming.column_name(value) != value:
        raise refusal(
            "not usable as the key of a trait",
            "lower-case letters, digits and `_`, starting with a letter, and not the name of a system column",
            f"{naming.column_name(value)} would be taken" if _NAME.fullmatch(value) else None,
        )
    return value


Name = Annotated[str, AfterValidator(_name)]
TypeName = Annotated[str, AfterValidator(_type)]
TraitKey = Annotated[str, AfterValidator(_key)]
Memory = Annotated[str, AfterValidator(_memory)]
Region = Annotated[str, AfterValidator(_region)]
Encoding = Annotated[str, AfterValidator(_encoding)]
Whole = Annotated[int, BeforeValidator(_whole)]
Duration = Annotated[timedelta, BeforeValidator(_duration, json_schema_input_type=str)]
Time = Annotated[datetime, BeforeValidator(_time, json_schema_input_type=str)]
Pattern = Annotated[str, AfterValidator(_pattern)]
Location = Annotated[str, AfterValidator(_location)]
Character = Annotated[str, AfterValidator(_character)]
ColumnType = Literal["boolean", "bigint", "double", "timestamp", "date", "varchar"]
Text = Annotated[str, Field(min_length=1)]
