"""Identifiers of stored messages, read anew under other rules: a new type may stand in an old payload.

A call is read as load reads it. Of a profile row the cells are there as traits: a type that was read before
keeps its cells as they stood, a new one is found under its name. A cell of a declared type is then what that
type made of it (`007` as a bigint is `7`). Of a top-level field that held no text nothing is kept but a note,
and that only if its type was declared: declared later, it is not noted.
"""

from __future__ import annotations

import json
from collections.abc import Collection

from pipelines.ingest import identifiers, lookups, messages
from pipelines.ingest.header import OWN_FIELDS
from pipelines.ingest.identifiers import NOT_SCALAR, Candidate, Places, column, extract
from pipelines.ingest.locations import parse
from pipelines.naming import literal, quoted
from pipelines.rules import IdentifierRule, Rules
from pipelines.sqlfiles import Statement
from pipelines.wellknown import camel

_PAIRS = "struct(type varchar, value varchar)[]"


def reads_alike(one: Rules, other: Rules) -> bool:
    """Whether both read the same types from the same places: what one has extracted holds for the other."""
    return _reading(one) == _reading(other)


def _reading(rules: Rules) -> dict[str, tuple[tuple[str, ...], str]]:
    return {rule.type: (rule.locations, rule.collection) for rule in rules.identifiers}


def reread(old: Rules, new: Rules, source: str, target: str, written: Collection[str]) -> Statement:
    """Write the part `target`: the messages of the part `source`, with the identifier columns of `new`.

    `written` are the columns of `source`; those that an older version did not write become NULL.
    """
    lacking = [quoted(name) for name in messages.columns(old) if name not in written]
    payload = ", ".join([_payload(old), *(f"null::varchar as {name}" for name in lacking)])
    calls, parameters = _calls(payload, old, new)
    columns = ", ".join(map(quoted, messages.columns(new)))
    return Statement(
        f"""copy (
          select {columns} from ({calls})
          union all
          select {columns} from ({_profile_rows(payload, old, new)}))
        to {literal(target)}
        (format parquet, compression snappy, row_group_size 122880, dictionary_size_limit 4096)""",
        {**parameters, "source": source},
        "read identifiers anew",
    )


def _calls(payload: str, old: Rules, new: Rules) -> tuple[str, dict[str, object]]:
    fields = f"""
    select {payload}, {", ".join(f"{_odd(name, old)} as odd_{name}" for name in OWN_FIELDS)}
    from read_parquet($source) where input <> 'profiles'"""
    return lookups.from_calls(fields, new, lambda _document, _path: True)


def _payload(old: Rules) -> str:
    """Everything but what was extracted."""
    return f"* exclude (more, ignored, {', '.join(identifiers.columns(old))})"


def _odd(field: str, old: Rules) -> str:
    """Whether a top-level field held neither a string nor an integer; the payload does not tell, the log did.

    It is told for sure only where nothing but that field can have been meant.
    """
    places = {rule.type: [parse(text) for text in rule.locations] for rule in old.identifiers}
    others = [place for place in places.get(field, []) if place.path]
    if field not in places or any(place.document != "context" for place in others):
        return "false"
    logged = f"{{'type': {literal(field)}, 'reason': {literal(NOT_SCALAR)}}}"
    keys = [json.dumps(key) for key in ("externalIds", *(place.path[0] for place in others))]
    meant = " and ".join(f"not coalesce(contains(context, {literal(key)}), false)" for key in keys)
    return f"coalesce(list_contains(ignored, {logged}), false) and {meant}"


def _profile_rows(payload: str, old: Rules, new: Rules) -> str:
    before = _reading(old)
    kept = [rule.type for rule in new.identifiers if before.get(rule.type) == _reading(new)[rule.type]]
    others = [rule for rule in new.identifiers if rule.type not in kept]
    inner = f"""
    select {payload}, {", ".join(["more as more_before", *map(column, kept)])}
      {"".join(f", {text} as {name}" for name, text in _cells(others))}
    from read_parquet($source) where input = 'profiles'"""
    found = {rule.type: _candidates(place, rule) for place, rule in enumerate(others)}
    types = ", ".join(map(literal, kept))
    mine = f"list_filter(coalesce(more_before, []), lambda p: list_contains([{types}]::varchar[], p.type))"
    return f"""
    select * replace (
      nullif(list_concat({mine}::{_PAIRS}, coalesce(more, [])), []) as more)
    from ({extract(inner, Places(found, external=False))})"""


def _cells(rules: list[IdentifierRule]) -> list[tuple[str, str]]:
    """Per type the cells that hold it, in the order of the header: those of its name, then its traits."""
    texts = []
    for place, rule in enumerate(rules):
        named, traits = _names(rule), _traits(rule)
        texts += [(f"named_{place}", _values(named)), (f"traits_{place}", _values(traits))]
    return texts


def _candidates(place: int, rule: IdentifierRule) -> tuple[Candidate, ...]:
    own = [rule.type] if rule.type in OWN_FIELDS else []
    named = [f"named_{place}[{number}]" for number in range(1, len(_names(rule)) + 1)]
    traits = [f"traits_{place}[{number}]" for number in range(1, len(_traits(rule)) + 1)]
    return tuple(Candidate(text) for text in (*own, *named, *traits))


def _names(rule: IdentifierRule) -> list[str]:
    return [] if rule.type in OWN_FIELDS else list(dict.fromkeys((rule.type, camel(rule.type))))


def _traits(rule: IdentifierRule) -> list[str]:
    found = [parse(text) for text in rule.locations]
    keys = [place.path[0] for place in found if place.document == "traits" and len(place.path) == 1]
    return [key for key in keys if key not in _names(rule)]


def _values(keys: list[str]) -> str:
    if not keys:
        return "null::varchar[]"
    listed = f"[{', '.join(map(literal, keys))}]"
    there = f"list_filter(json_keys(traits), lambda k: list_contains({listed}, k))"
    return f"list_transform({there}, lambda k: json_extract_string(traits, '$.\"' || k || '\"'))"
