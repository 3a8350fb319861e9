"""Where the identifiers of a call are looked up: every place the rules name, read from the call's documents.

Source: identity-resolution specification, sections 2.1 and 2.2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from pipelines.ingest.expressions import filled, given, text_of
from pipelines.ingest.identifiers import (
    EXTERNAL,
    GROUP_ID_LENGTH,
    INCOMPLETE,
    NOT_SCALAR,
    TOO_LONG,
    UNDECLARED,
    Candidate,
    Places,
    extract,
)
from pipelines.ingest.locations import Location, json_path, parse
from pipelines.naming import literal
from pipelines.rules import IdentifierRule, Rules

_TOP_LEVEL = {"userId": "user_id", "anonymousId": "anonymous_id", "groupId": "group_id"}
_EXTERNAL_IDS = ("externalIds",)
_GROUP_IDS = (("groupId",), ("group_id",))
_EXTERNAL_SHAPE = '[{"id": "JSON", "type": "JSON", "collection": "JSON", "encoding": "JSON"}]'

May = Callable[[str, tuple[str, ...]], bool]
"""Whether a document (`traits`, `properties`, `context`) of a block may hold something at a path."""


def wanted(rules: Rules) -> frozenset[str]:
    """The top-level keys of documents that identifiers may be under: what is worth knowing to be absent."""
    places = [parse(text) for rule in rules.identifiers for text in rule.locations]
    always = (_EXTERNAL_IDS, *_GROUP_IDS)
    return frozenset(path[0] for path in (*always, *(place.path for place in places if place.path)))


def from_calls(fields: str, rules: Rules, may: May) -> tuple[str, dict[str, object]]:
    """SELECT of the relation `fields` of calls with its identifier columns, and the parameters it needs.

    It has `context_group_id` besides: the text of `context.groupId`. Places where nothing can be, by `may`,
    are left out.
    """
    looked = _Looked()
    external = may("context", _EXTERNAL_IDS)
    external_value = looked.value("context", _EXTERNAL_IDS) if external else None
    group_values = [looked.value("context", path) for path in _GROUP_IDS if may("context", path)]
    found = {
        rule.type: [
            candidate for text in rule.locations if (candidate := looked.candidate(parse(text), rule, may))
        ]
        for rule in rules.identifiers
    }
    # Level by level: what is named is evaluated once, what is repeated as often as it stands there.
    texts: list[str] = []
    named = {kind: tuple(_named(candidate, texts) for candidate in places) for kind, places in found.items()}
    texts.append(f"{_external(external_value, rules) if external_value else f'null::{EXTERNAL}'} as external")
    group_texts = [f"({text_of(given(value))})" for value in group_values]
    texts.append(f"coalesce({', '.join([*group_texts, 'null'])})::varchar as context_group_id")
    inner = f"""
    select *, {", ".join(texts)}
    from (select *{looked.values()} from (select *{looked.documents()} from ({fields})))"""
    parameters: dict[str, object] = {f"paths_{name}": paths for name, paths in looked.paths.items()}
    if external_value:
        parameters["external_shape"] = _EXTERNAL_SHAPE
    return extract(inner, Places(named, external)), parameters


@dataclass(slots=True)
class _Looked:
    """What is to be looked up: per document the top-level keys, and the values found under them, by name."""

    paths: dict[str, list[str]] = field(default_factory=dict)
    named: dict[str, str] = field(default_factory=dict)

    def candidate(self, location: Location, rule: IdentifierRule, may: May) -> Candidate | None:
        """One place of a type; None if nothing can be there."""
        if not location.path:
            name = _TOP_LEVEL[location.document]
            return Candidate(filled(name), f"odd_{name}")
        if not all(may(location.document, path) for path in location.needs):
            return None
        tests = [
            f"{self._at(location.document, (*location.path[:-1], key))}::varchar = {literal(wanted)}"
            for key, wanted in location.conditions
        ]
        if location.document == "traits":
            # A Group call's traits are the account's: they say nothing about the user who sent it.
            tests.append("type = 'group'" if rule.collection == "accounts" else "type <> 'group'")
        if location.document == "context" and location.path in _GROUP_IDS:
            # A Group call says itself which account it is about; its context says where the user was before.
            tests.append("type <> 'group'")
        value = self.value(location.document, location.path, tests)
        return Candidate(
            filled(f"({text_of(value)})"), f"{value}::varchar <> 'null' and {text_of(value)} is null"
        )

    def value(self, document: str, path: tuple[str, ...], tests: list[str] | None = None) -> str:
        """The name of the JSON value at a path, where all tests hold."""
        name = f"value_{len(self.named)}"
        value = self._at(document, path)
        self.named[name] = f"case when {' and '.join(tests)} then {value} end" if tests else value
        return name

    def _at(self, document: str, path: tuple[str, ...]) -> str:
        """A document is opened for its top-level keys alone: what is deeper is looked up in what is there."""
        top = json_path(path[:1])
        paths = self.paths.setdefault(document, [])
        if top not in paths:
            paths.append(top)
        found = f"in_{document}[{paths.index(top) + 1}]"
        return f"json_extract({found}, {literal(json_path(path[1:]))})" if path[1:] else found

    def documents(self) -> str:
        """Each document opened once for all its keys."""
        return "".join(f", json_extract({name}, $paths_{name}) as in_{name}" for name in self.paths)

    def values(self) -> str:
        """The values by their names."""
        return "".join(f", {value} as {name}" for name, value in self.named.items())


def _named(candidate: Candidate, texts: list[str]) -> Candidate:
    place = len(texts)
    texts.append(f"{candidate.text} as text_{place}, {candidate.odd} as is_odd_{place}")
    return Candidate(f"text_{place}", f"is_odd_{place}")


def _external(value: str, rules: Rules) -> str:
    """`context.externalIds` as a list of type `EXTERNAL`; NULL if it is not there."""
    declared = ", ".join(f"row({literal(one.type)}, {literal(one.collection)})" for one in rules.identifiers)
    known = f"list_contains([{declared}], row(x.type ->> '$', x.collection ->> '$'))"
    complete = (
        "x.id is not null and x.type is not null and x.collection is not null and x.encoding ->> '$' = 'none'"
    )
    text = text_of("x.id")
    return f"""case when {value}::varchar <> 'null' then
      coalesce(list_transform(try(json_transform({value}, $external_shape)), lambda x: {{
        'type': coalesce(x.type ->> '$', ''),
        'value': {filled(f"({text})")},
        'reason': case when not coalesce({complete}, false) then {literal(INCOMPLETE)}
          when not {known} then {literal(UNDECLARED)}
          when ({text}) is null then {literal(NOT_SCALAR)}
          when x.collection ->> '$' = 'accounts' and length({text}) > {GROUP_ID_LENGTH}
            then {literal(TOO_LONG)} end}}),
        [{{'type': '', 'value': null::varchar, 'reason': {literal(INCOMPLETE)}}}]) end"""
