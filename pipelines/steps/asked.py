"""What people type to name somebody: `email:jane@example.com`."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa

from pipelines.errors import InputError
from pipelines.identity.values import normalised
from pipelines.rules import Collection, IdentifierRule

EXAMPLE = "type:value, for example email:jane@example.com"


@dataclass(frozen=True, slots=True)
class Asked:
    """An identifier as somebody asked for it, and as it would be stored."""

    type: str
    value: str
    stored: str
    collection: Collection = "users"

    @property
    def spellings(self) -> tuple[str, ...]:
        """How it may stand in the tables: as typed, as its type is normalised, in lower case."""
        return tuple(dict.fromkeys((self.value, self.stored, self.value.lower())))

    def __str__(self) -> str:
        return f"{self.type}:{self.value}"


def asked(rules: Iterable[IdentifierRule], written: str) -> Asked:
    """The identifier that `type:value` names.

    Raises `InputError` if it has another form, or if its type is none that `rules` declare.
    """
    kind, value = parted(written)
    declared = {rule.type: rule for rule in rules}
    if kind not in declared:
        near = difflib.get_close_matches(kind, declared, n=1)
        raise InputError(
            f"{kind} is not an identifier type of this space",
            expected=f"one of {', '.join(declared)}, a colon, a value",
            hint=f"did you mean {near[0]}?" if near else None,
        )
    stored = normalised(pa.array([value], pa.large_string()), declared[kind])
    return Asked(kind, value, str(stored[0]), declared[kind].collection)


def parted(written: str) -> tuple[str, str]:
    """Type and value of `type:value`; raises `InputError` if one of them is missing."""
    kind, colon, value = written.partition(":")
    if not (kind.strip() and value.strip()):
        raise InputError(
            "this is no identifier",
            expected=EXAMPLE,
            hint="give both, type and value" if colon else "put the type and a colon before the value",
        )
    return kind, value
