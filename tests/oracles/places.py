"""Where the identifiers of a call are, said plainly: the values of each type, and what is none.

After section 2 of the identity-resolution specification; it judges the SQL of load.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

UNDECLARED = "Undeclared identifier type"
NOT_SCALAR = "Identifier is not a string or an integer"
INCOMPLETE = "External id is incomplete"
TOO_LONG = "Group id is too long"

Call = Mapping[str, Any]
"""A Segment call as JSON has it."""

_DEVICE = {"id": "id", "idfa": "advertisingId", "push_token": "token"}
_POSITIONS = ("userId", "anonymousId", "groupId", "traits", "context.traits", "properties")


class Found(NamedTuple):
    """Values by type, each once, in order of position; (type, reason) of what is not used."""

    values: dict[str, list[str]]
    notes: list[tuple[str, str]]


def found(call: Call, types: Sequence[str], added: Mapping[str, Sequence[str]] | None = None) -> Found:
    """The identifiers of a call for the declared `types`; `added` are further places of some."""
    values: dict[str, list[str]] = {kind: [] for kind in types}
    notes: list[tuple[str, str]] = []
    for kind in types:
        places = [*_places(call, kind), *((place, _at(call, place)) for place in (added or {}).get(kind, ()))]
        for _, value in sorted(places, key=lambda place: _position(place[0])):
            _take(kind, value, values, notes)
    for kind, value, reason in _external(call, types):
        if reason is None:
            _take(kind, value, values, notes)
        else:
            notes.append((kind, reason))
    return Found({kind: list(dict.fromkeys(texts)) for kind, texts in values.items() if texts}, notes)


def text(value: Any) -> str | None:
    """A string or an integer as its text; None for every other JSON type."""
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else None


def _take(kind: str, value: Any, values: dict[str, list[str]], notes: list[tuple[str, str]]) -> None:
    if value is None:
        return
    said = text(value)
    if said is None:
        notes.append((kind, NOT_SCALAR))
    elif said.strip():
        values[kind].append(said)


def _places(call: Call, kind: str) -> Iterator[tuple[str, Any]]:
    """The places a type is read from without being told, and what stands there."""
    device = _object(_at(call, "context.device"))
    platform, _, what = kind.partition(".")
    own_context = {} if call.get("type") == "group" else _object(call.get("context"))
    if kind in ("user_id", "anonymous_id"):
        yield (place := _camel(kind)), call.get(place)
    elif kind == "group_id":
        yield "groupId", call.get("groupId")
        yield from ((f"context.{key}", own_context.get(key)) for key in ("groupId", "group_id"))
    elif kind == "email":
        yield from ((place, _at(call, place)) for place in ("traits.email", "context.traits.email"))
    elif platform in ("android", "ios") and what in _DEVICE:
        tracked = what != "idfa" or device.get("adTrackingEnabled") is True
        if device.get("type") == platform and tracked:
            yield "context.device", device.get(_DEVICE[what])
    elif kind == "ga_client_id":
        integration = _object(_at(call, "context.integrations")).get("Google Analytics")
        yield "context.integrations", _object(integration).get("clientId")
    elif kind == "braze_id":
        yield "context.Braze", _at(call, "context.Braze.braze_id")
    else:
        for document in ("traits", "context.traits", "properties"):
            for key in dict.fromkeys((kind, _camel(kind))):
                yield document, _at_key(call, document, key)


def _at(call: Call, path: str) -> Any:
    document, _, key = path.rpartition(".")
    return _at_key(call, document, key)


def _at_key(call: Call, document: str, key: str) -> Any:
    if document == "traits" and call.get("type") == "group":
        return None  # they are the account's
    where: Any = call
    for part in document.split(".") if document else ():
        where = _object(where).get(part)
    return _object(where).get(key)


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _position(place: str) -> int:
    """The order of positions; device and integration fields come last."""
    fitting = [number for number, one in enumerate(_POSITIONS) if place == one or place.startswith(f"{one}.")]
    return fitting[0] if fitting else len(_POSITIONS)


def _external(call: Call, types: Sequence[str]) -> Iterator[tuple[str, Any, str | None]]:
    """(type, value, reason not to use it) of every element of `context.externalIds`."""
    listed = _object(call.get("context")).get("externalIds")
    if listed is None:
        return
    if not isinstance(listed, list):
        yield "", None, INCOMPLETE
        return
    for one in listed:
        kind, value, collection = one.get("type"), one.get("id"), one.get("collection")
        declared = kind in types and collection == ("accounts" if kind == "group_id" else "users")
        reason = None
        if None in (kind, value, collection) or one.get("encoding") != "none":
            reason = INCOMPLETE
        elif not declared:
            reason = UNDECLARED
        elif text(value) is None:
            reason = NOT_SCALAR
        elif kind == "group_id" and len(str(value)) > 500:
            reason = TOO_LONG
        yield kind or "", value, reason


def _camel(kind: str) -> str:
    first, *rest = kind.split("_")
    return first + "".join(word.capitalize() for word in rest)
