"""The spelling of places in a message, as `IdentifierRule.locations` has it: `context.device.id?type=ios`."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a message: a top-level field (`path` empty) or keys into a document, and conditions.

    A condition is the key of a sibling and the JSON text it must have.
    """

    document: str
    path: tuple[str, ...]
    conditions: tuple[tuple[str, str], ...] = ()

    @property
    def needs(self) -> tuple[tuple[str, ...], ...]:
        """The paths that must be there for a value to be read."""
        return (self.path, *((*self.path[:-1], key) for key, _ in self.conditions))


def parse(text: str) -> Location:
    """Read one location.

    >>> parse("context.device.id?type=ios")
    Location(document='context', path=('device', 'id'), conditions=(('type', '"ios"'),))
    """
    place, _, conditions = text.partition("?")
    document, *path = [bare or inner for inner, bare in re.findall(r'"([^"]*)"|([^."]+)', place)]
    pairs = (condition.partition("=")[::2] for condition in conditions.split("&") if condition)
    return Location(document, tuple(path), tuple((key, _json_value(value)) for key, value in pairs))


def json_path(keys: tuple[str, ...]) -> str:
    """A JSON path for DuckDB, every key quoted.

    >>> json_path(("Google Analytics", "clientId"))
    '$."Google Analytics"."clientId"'
    """
    return "$" + "".join("." + json.dumps(key, ensure_ascii=False) for key in keys)


def _json_value(text: str) -> str:
    return text if text in ("true", "false") or re.fullmatch(r"-?\d+", text) else json.dumps(text)
