"""Every error the suite raises on purpose, split by what the reader does next.

```
UnifyError                 one readable message: what, where, what was expected, what to do
├── ConfigError            fix the space file            (exit 2; carries every fault at once)
├── TraitError             fix the trait's query         (exit 2 when met while reading the configuration)
├── InputError             fix or replace the input
│   └── FileRefused        one whole file, by a code; the other files still load
├── StoreError             the space's DuckDB file
│   ├── StoreLocked        wait, or stop the other writer, and run again
│   ├── StoreMismatch      another space's store, or one written by a newer version
│   └── DiskFull           free space and run again; nothing half-written is visible
├── PublishError           a warehouse refused; the next run repeats what is missing
└── CheckFailed            a query that must return no row returned some: the result is not to be trusted
```

Messages name files, lines, columns and tables, never a customer's value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


class UnifyError(Exception):
    """Base of all errors meant for a reader: `what` happened, `where`, what was `expected`, a `hint`.

    >>> print(UnifyError("no such file", where="space.yaml:3:9", hint="check the path"))
    space.yaml:3:9: no such file
      to do: check the path
    """

    exit_code: ClassVar[int] = 1
    otherwise: ClassVar[str | None] = None
    """What to do where the hint says nothing closer."""

    def __init__(
        self, what: str, *, where: str | None = None, expected: str | None = None, hint: str | None = None
    ) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.expected = expected
        self.hint = hint

    def __str__(self) -> str:
        return readable(self.what, self.where, self.expected, self.hint or self.otherwise)


def readable(what: str, where: str | None, expected: str | None, hint: str | None) -> str:
    """The one layout of an error message: `where: what`, then what was expected and what to do, indented."""
    lines = [f"{where}: {what}" if where else what]
    if expected:
        lines.append(f"  expected: {expected}")
    if hint:
        lines.append(f"  to do: {hint}")
    return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in a space file, with the place of the key or value that is wrong (1-based)."""

    what: str
    file: str
    line: int | None = None
    column: int | None = None
    expected: str | None = None
    hint: str | None = None

    @property
    def where(self) -> str:
        """`file:line:column`, as terminals link it; only `file` when the file itself is at fault."""
        return ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)

    def __str__(self) -> str:
        return readable(self.what, self.where, self.expected, self.hint or "correct it there")


class ConfigError(UnifyError):
    """A space file that cannot be used; `faults` holds everything wrong with it, in the order of the file."""

    exit_code = 2

    def __init__(
        self,
        what: str,
        *,
        faults: Sequence[Fault] = (),
        where: str | None = None,
        expected: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(what, where=where, expected=expected, hint=hint)
        self.faults = tuple(faults)

    def __str__(self) -> str:
        return "\n".join([super().__str__(), *(str(fault) for fault in self.faults)])


class TraitError(UnifyError):
    """A trait's definition that cannot be run; `line` and `column` (1-based) point into the query's text.

    `code` is the machine's name of the condition (`missing_identifier_column`, `too_many_columns`, ...).
    """

    exit_code = 2
    otherwise = "correct the query; until then the trait keeps the values it has"

    def __init__(
        self,
        what: str,
        *,
        line: int | None = None,
        column: int | None = None,
        code: str | None = None,
        where: str | None = None,
        expected: str | None = None,
        hint: str | None = None,
    ) -> None:
        place = ":".join(str(part) for part in (where, line, column) if part is not None)
        super().__init__(what, where=place or None, expected=expected, hint=hint)
        self.line = line
        self.column = column
        self.code = code


class InputError(UnifyError):
    """Something a user handed in (a file, an identifier on the command line) that cannot be used."""


class FileRefused(InputError):
    """One input file that is not loaded at all; `code` names the reason, such as `EMPTY_FILE`."""

    def __init__(
        self,
        code: str,
        what: str,
        *,
        where: str | None = None,
        expected: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(what, where=where, expected=expected, hint=hint)
        self.code = code


class StoreError(UnifyError):
    """The space's DuckDB file or its folder cannot be used as it is."""


class StoreLocked(StoreError):
    """Another process is writing to the store."""


class StoreMismatch(StoreError):
    """The store belongs to another space, or was written by a newer version."""


class DiskFull(StoreError):
    """There is no room left; the transaction was rolled back."""


class PublishError(UnifyError):
    """A warehouse did not take what was sent; nothing is lost, the next run sends it again."""


class CheckFailed(UnifyError):
    """An invariant of the tables does not hold."""
