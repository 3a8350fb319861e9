"""SQL traits as files: finding them, reading their headers.

A file holds one query and may begin with comment lines `-- key: value`:

```sql
-- name: order_value          (default: the file's name)
-- id: user_id                (default: the one identifier column the query returns)
-- schedule: 0 */12 * * *     (default; cron in UTC, at most hourly)
-- description: what the customer has spent
-- owner: crm@example.com
-- allow_empty: true          (an empty result removes the traits of everyone; default: it changes nothing)
select user_id, sum(total) as lifetime_value from order_completed group by user_id
```

Other comments are prose: a header's key is one lower-case word before the colon.
"""

from __future__ import annotations

import glob
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from pipelines.errors import TraitError
from pipelines.naming import snake
from pipelines.traits.pointing import at
from pipelines.traits.schedule import DEFAULT_SCHEDULE, schedule_fault

ID_COLUMNS = ("user_id", "email", "anonymous_id")
"""The columns that may say whom a row is about, strongest first."""

_HEADER = re.compile(r"--[ \t]*([a-z_]+)[ \t]*:[ \t]*(.*?)[ \t]*$")
_KEYS = ("name", "id", "schedule", "description", "owner", "allow_empty")


@dataclass(frozen=True, slots=True)
class SqlTrait:
    """One file of SQL traits, ready to be inspected. `text` is the whole file, so that positions in it are
    true.
    """

    key: str
    name: str
    file: str
    """For messages: the path as a reader would type it."""
    text: str = field(repr=False)
    id: str | None = None
    schedule: str = DEFAULT_SCHEDULE
    description: str = ""
    owner: str = ""
    allow_empty: bool = False

    @property
    def definition(self) -> str:
        """SHA-256 of the text, in hex: another text is another definition."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def trait_files(patterns: Iterable[str]) -> tuple[Path, ...]:
    """The files that match any of these absolute patterns, each once, in bytewise order."""
    found = {name for pattern in patterns for name in glob.glob(pattern, recursive=True)}
    return tuple(Path(name) for name in sorted(found))


def read_trait(path: Path, base: Path) -> SqlTrait:
    """The SQL trait of one file; `base` is the space file's folder, which messages leave out.

    Raises `TraitError` for a header that cannot be used: `unreadable_file`, `unknown_header`, `bad_header`.
    """
    file = _shown(path, base)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TraitError(
            f"the file cannot be read ({type(error).__name__})",
            code="unreadable_file",
            where=file,
            expected="a readable file of SQL in UTF-8",
            hint="permit it, or save it as UTF-8",
        ) from None
    header = _header(text, file)
    name = header.get("name", path.stem)
    return SqlTrait(
        key=snake(name),
        name=name,
        file=file,
        text=text,
        id=header.get("id"),
        schedule=header.get("schedule", DEFAULT_SCHEDULE),
        description=header.get("description", ""),
        owner=header.get("owner", ""),
        allow_empty=header.get("allow_empty") == "true",
    )


def same_keys(traits: Iterable[SqlTrait]) -> dict[str, TraitError]:
    """By file, an error for each trait whose key another file has already taken."""
    first: dict[str, SqlTrait] = {}
    clashes: dict[str, TraitError] = {}
    for trait in traits:
        taken = first.setdefault(trait.key, trait)
        if taken is not trait:
            clashes[trait.file] = TraitError(
                f"the key {trait.key} is taken by {taken.file}",
                code="duplicate_key",
                where=trait.file,
                expected="one key a trait",
                hint="give one of them another `-- name:`",
            )
    return clashes


def _shown(path: Path, base: Path) -> str:
    return path.relative_to(base).as_posix() if path.is_relative_to(base) else path.as_posix()


def _header(text: str, file: str) -> Mapping[str, str]:
    header: dict[str, str] = {}
    for key, value, offset in _header_lines(text):
        fault = _key_fault(key, header) or _value_fault(key, value)
        if fault:
            code, what, expected, hint = fault
            raise at(text, offset, what, file=file, code=code, expected=expected, hint=hint)
        header[key] = value
    return header


def _header_lines(text: str) -> Iterator[tuple[str, str, int]]:
    """The `-- key: value` lines above the query: key, value, and where the key stands in the text."""
    offset = 0
    for line in text.splitlines(keepends=True):
        if line.strip() and not line.startswith("--"):
            return
        if found := _HEADER.match(line.rstrip("\r\n")):
            yield found[1], found[2], offset + found.start(1)
        offset += len(line)


_Fault = tuple[str, str, str, str | None]


def _key_fault(key: str, header: Mapping[str, str]) -> _Fault | None:
    if key not in _KEYS:
        close = get_close_matches(key, _KEYS, n=1)
        hint = f"did you mean `{close[0]}`?" if close else "begin a prose comment with a capital letter"
        return "unknown_header", f"unknown header `{key}`", f"one of {', '.join(_KEYS)}", hint
    if key in header:
        return "bad_header", f"the header `{key}` twice", "each key once", None
    return None


def _value_fault(key: str, value: str) -> _Fault | None:
    if not value:
        return "bad_header", f"the header `{key}` has no value", f"-- {key}: value", None
    if key == "id" and value == "group_id":
        return (
            "account_traits_unsupported",
            "traits of accounts are not supported yet",
            f"one of {', '.join(ID_COLUMNS)}",
            "return one row a user",
        )
    if key == "id" and value not in ID_COLUMNS:
        return (
            "bad_header",
            f"`{value}` cannot be the identifier column",
            f"one of {', '.join(ID_COLUMNS)}",
            None,
        )
    if key == "allow_empty" and value not in ("true", "false"):
        return "bad_header", f"allow_empty is `{value}`", "true or false", None
    if key == "schedule" and (what := schedule_fault(value)):
        return "bad_header", what, "a cron expression in UTC, at most hourly, such as 0 */12 * * *", None
    return None
