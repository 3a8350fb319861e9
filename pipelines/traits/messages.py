"""Changes as identify messages, in the columns of a message set.

A computed trait's message is addressed to its profile and carries no identifier; a SQL trait's row carries
the identifiers it returned and is matched like any message. The id is made from what the message is about,
so that a run killed and repeated makes the same messages. Source: traits-and-audiences specification,
section 5.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pipelines.config import Rules
from pipelines.naming import literal, quoted
from pipelines.sqlfiles import Statement

MESSAGES = "trait_messages"
"""The temporary table of the messages of one batch."""

_SOURCE = "traits"
_TOP_LEVEL = {"userId": "user_id", "anonymousId": "anonymous_id"}
_NOT_AN_IDENTIFIER = "Identifier is not a string or an integer"


@dataclass(frozen=True, slots=True)
class Sent:
    """A trait that sends something: its number in the store, what it is, and the columns it may send."""

    trait: int
    kind: str
    key: str
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Envelope:
    """What all messages of a batch share."""

    space: str
    batch: int
    time: datetime
    rules: Rules


def message_table(envelope: Envelope, traits: Sequence[Sent]) -> Statement:
    """Make `MESSAGES` out of the changes; `row` numbers them from 0 in the order of their ids."""
    columns = frozenset(column for trait in traits for column in trait.columns)
    select = f"""
        create or replace temp table {MESSAGES} as
        with known as (
            select unnest($traits::integer[]) as trait, unnest($kinds::varchar[]) as kind,
                   unnest($keys::varchar[]) as key, unnest($contexts::varchar[]) as context
        ), message as (
            {_computed()}
            union all
            {_rows()}
        )
        select row_number() over (order by message_id) - 1 as row,
               {", ".join(_columns(envelope.rules, columns))}
        from message
        """
    return Statement(
        select,
        {
            "traits": [trait.trait for trait in traits],
            "kinds": [trait.kind for trait in traits],
            "keys": [trait.key for trait in traits],
            "contexts": [_context(envelope.space, trait) for trait in traits],
            "batch": envelope.batch,
            "time": envelope.time,
        },
        "messages of traits",
    )


def _context(space: str, trait: Sent) -> str:
    """The mark of a generated message. `computation_key` is the real key (specification, open point 9)."""
    space_id = "spa_" + _digest(space)
    personas = {
        "computation_class": "trait",
        "computation_id": "tra_" + _digest(space, trait.kind, trait.key),
        "computation_key": trait.key,
        "namespace": space_id,
        "space_id": space_id,
    }
    return json.dumps({"personas": personas}, ensure_ascii=False, separators=(",", ":"))


def _digest(*parts: str) -> str:
    return hashlib.sha1("\0".join(parts).encode(), usedforsecurity=False).hexdigest()[:24]


def _computed() -> str:
    return f"""
        select {_message_id("owner.segment_id")} as message_id, owner.segment_id as addressee,
               cast(null as varchar) as id_type, cast(null as varchar) as id_value,
               '{{' || cast(to_json(known.key) as varchar) || ':' || change.value || '}}'
               as traits, known.context
        from trait_changes change join known using (trait) join state.profiles owner using (profile)
        """


def _rows() -> str:
    email = "'{\"email\":' || cast(to_json(change.id_value) as varchar) || ',' || change.traits[2:]"
    return f"""
        select {_message_id("change.id_type || chr(0) || change.id_value")}, null,
               change.id_type, change.id_value,
               case change.id_type when 'email' then {email} else change.traits end, known.context
        from trait_row_changes change join known using (trait)
        where change.is_sent
        """


def _message_id(addressee: str) -> str:
    parts = f"known.kind || chr(0) || known.key || chr(0) || {addressee} || chr(0) || $batch::varchar"
    return f"'gen:' || sha1({parts})"


def _columns(rules: Rules, columns: frozenset[str]) -> list[str]:
    """The columns of a message set after `row`, in their order there, over `message`."""
    places = {rule.type: _places(rule.locations, columns) for rule in rules.identifiers}
    nothing = "cast(null as {}) as {}".format
    return [
        nothing("integer", "file"),
        nothing("bigint", "line"),
        f"'{_SOURCE}' as input",
        "'identify' as type",
        "message_id",
        *(
            f"$time::timestamp as {name}"
            for name in ("timestamp", "received_at", "sent_at", "original_timestamp")
        ),
        "case id_type when 'anonymous_id' then id_value end as anonymous_id",
        "case id_type when 'user_id' then id_value end as user_id",
        *(nothing("varchar", name) for name in ("group_id", "previous_id", "event", "name", "category")),
        "traits",
        nothing("varchar", "properties"),
        "context",
        *(f"'{_SOURCE}' as {name}" for name in ("source_id", "source_name", "source_slug")),
        nothing("varchar", "times"),
        "addressee",
        *(f"{_first(found)} as {quoted('id:' + kind)}" for kind, found in places.items()),
        f"{_more(places)} as more",
        f"{_ignored(places)} as ignored",
    ]


@dataclass(frozen=True, slots=True)
class _Place:
    """One place of a message where an identifier may be: its value, and whether what is there is none."""

    value: str
    unfit: str | None = None


def _places(locations: Sequence[str], columns: frozenset[str]) -> list[_Place]:
    """Where these messages can carry an identifier, of the locations it is read from, in their order."""
    places = []
    for location in locations:
        if location in _TOP_LEVEL:
            places.append(_Place(f"case id_type when '{_TOP_LEVEL[location]}' then id_value end"))
        key = location.removeprefix("traits.").strip('"')
        # A key is a column of some trait, or the e-mail address that says whom a row is about.
        if location.startswith("traits.") and (key in columns or key == "email"):
            path = literal('$."' + key + '"')
            fit = "('VARCHAR', 'BIGINT', 'UBIGINT', 'HUGEINT')"
            kind = f"json_type(traits, {path})"
            value = f"json_extract_string(traits, {path})"
            places.append(
                _Place(
                    f"case when addressee is null and {kind} in {fit} then {value} end",
                    f"addressee is null and coalesce({kind} not in {fit} and {kind} <> 'NULL', false)",
                )
            )
    return places


def _first(places: Sequence[_Place]) -> str:
    return f"coalesce({', '.join(['cast(null as varchar)', *(place.value for place in places)])})"


def _given(places: Sequence[_Place]) -> str:
    return f"list_filter([{', '.join(place.value for place in places)}], lambda v: v is not null)"


def _more(places: Mapping[str, Sequence[_Place]]) -> str:
    parts = [
        f"list_transform({_given(found)}[2:], lambda v: {{'type': {literal(kind)}, 'value': v}})"
        for kind, found in places.items()
        if len(found) > 1
    ]
    return _list_or_null(parts, "struct(type varchar, value varchar)[]")


def _ignored(places: Mapping[str, Sequence[_Place]]) -> str:
    parts = [
        f"case when {place.unfit} then [{{'type': {literal(kind)}, 'reason': '{_NOT_AN_IDENTIFIER}'}}] end"
        for kind, found in places.items()
        for place in found
        if place.unfit
    ]
    return _list_or_null(parts, "struct(type varchar, reason varchar)[]")


def _list_or_null(parts: Sequence[str], type_name: str) -> str:
    if not parts:
        return f"cast(null as {type_name})"
    joined = f"flatten([{', '.join(f'coalesce({part}, [])' for part in parts)}])"
    return f"cast(case when len({joined}) > 0 then {joined} end as {type_name})"


def part(first: int, last: int, path: str) -> Statement:
    """Write the messages with rows `first` to `last` (inclusive) as one Parquet part."""
    return Statement(
        f"copy (from {MESSAGES} where row between {first} and {last}) to {literal(path)}"
        " (format parquet, compression zstd, compression_level 1, row_group_size 122880)",
        label="write messages of traits",
    )


KEPT = Statement(
    f"""
    insert into state.messages (batch, row, ordinal, file, line, repaired, hash, message_id)
    select $batch, row, row_number() over (order by message_id) - 1, null, null, false,
           hash, message_id
    from {MESSAGES} join sent_hashes using (row)
    """,
    label="enter messages of traits",
)
"""All of a batch's messages have one time, so their order is that of their ids.

Takes `$batch`, and the frame `sent_hashes`: per `row` the `hash` of the message's id.
"""
