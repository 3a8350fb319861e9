"""The fields of Segment calls, from lines of JSON or from Parquet, as one relation.

The relation of fields: `seq file line fault filtered`; the texts `type message_id user_id anonymous_id`
and `group_id previous_id event name category` (NULL if absent, null, or neither string nor integer), for four
of them `odd_<field>` (there, but neither); the times `timestamp received_at sent_at original_timestamp` and
`without_zone`; the documents `traits properties context` as minified JSON objects.

Source: events specification, sections 1, 2, 4 and 7.
"""

from __future__ import annotations

from collections.abc import Collection

from pipelines import nul
from pipelines.ingest.expressions import (
    FAULT,
    TIME_EXPECTED,
    fault,
    given,
    text_of,
    time_of,
    without_zone,
)
from pipelines.naming import quoted

TEXTS = {
    "message_id": "messageId",
    "user_id": "userId",
    "anonymous_id": "anonymousId",
    "group_id": "groupId",
    "previous_id": "previousId",
    "type": "type",
    "event": "event",
    "name": "name",
    "category": "category",
}
TIMES = {
    "timestamp": "timestamp",
    "received_at": "receivedAt",
    "sent_at": "sentAt",
    "original_timestamp": "originalTimestamp",
}
DOCUMENTS = ("traits", "properties", "context", "integrations")
ODD = ("message_id", "user_id", "anonymous_id", "group_id")

SHAPE = (
    "{"
    + ", ".join(
        [f'"{field}": "JSON"' for field in (*TEXTS.values(), *DOCUMENTS)]
        + [f'"{field}": "VARCHAR"' for field in TIMES.values()]
    )
    + "}"
)
"""What one parse takes out of a line: the top-level fields, as JSON or, for times, as text."""

# Strings out of the way, what is left of a doubtful line shows what DuckDB's parser lets pass.
_STRINGS = r'"(?:[^"\\]|\\.)*"'
_NOT_JSON = r"(?i)[:,\[]\s*-?(nan|inf)|,\s*[}\]]"


def at(field: str) -> str:
    """The column of a time that a reader has read already, beside its text."""
    return f"at:{field}"


def from_lines(source: str, fields: Collection[str], *, simple: bool, plain: bool) -> str:
    """SELECT of the relation of fields over a block of `jsonl.Lines` named `source`.

    `fields` are the columns there are. Lines that are not simple are parsed, and the parser judges them.
    """
    texts = [f"{_text(field, fields, simple)} as {name}" for name, field in TEXTS.items()]
    odd = [f"{_odd(TEXTS[name], simple)} as odd_{name}" for name in ODD]
    times = [
        f"{_cell(field, fields, simple)} as {name}_text, {_read(field, fields)} as {name}_at"
        for name, field in TIMES.items()
    ]
    spelled = [name for name, field in TIMES.items() if field in fields or not simple]
    documents = [f"{_document(name, fields, simple, plain)} as {name}_json" for name in DOCUMENTS]
    naming = [f"{_naming(name, fields, simple)} as {name}_json" for name in ("name", "category")]
    columns = ",\n      ".join([*texts, *odd, *times, *documents, *naming])
    parsed = "null" if simple else "case when not simple then try(json_transform(text, $shape)) end"
    return finished(
        f"""
    select seq, file, line, {"null" if simple else _broken()} as broken,
      {columns}
    from (select *, {parsed} as m from {quoted(source)})""",
        spelled,
        [] if simple else DOCUMENTS,
    )


def _read(field: str, fields: Collection[str]) -> str:
    return quoted(at(field)) if at(field) in fields else "null::timestamp"


def _broken() -> str:
    """What is wrong with the form of a line that is not simple; the parser alone lets some things pass."""
    malformed = fault("invalid_json", None, "one JSON object on the line")
    no_object = fault("not_an_object", None, "one JSON object on the line")
    with_nul = fault("nul_byte", None, nul.EXPECTED)
    return f"""case when simple then null
        when m.type is null and not json_valid(text) then {malformed}
        when m.type is null and json_type(text) <> 'OBJECT' then {no_object}
        when regexp_matches(regexp_replace(text, '{_STRINGS}', '""', 'g'), '{_NOT_JSON}')
          then {malformed}
        when {nul.in_json("text")} then {with_nul} end"""


def _cell(field: str, fields: Collection[str], simple: bool, parsed: str | None = None) -> str:
    """A field: the column of simple lines, or what was parsed."""
    column = quoted(field) if field in fields else "null"
    return (
        f"{column}::varchar"
        if simple
        else f"case when simple then {column} else {parsed or f'm.{quoted(field)}'} end"
    )


def _text(field: str, fields: Collection[str], simple: bool) -> str:
    return _cell(field, fields, simple, text_of(f"m.{quoted(field)}"))


def _odd(field: str, simple: bool) -> str:
    value = f"m.{quoted(field)}"
    return "false" if simple else f"not simple and {value} is not null and ({text_of(value)}) is null"


def _document(field: str, fields: Collection[str], simple: bool, plain: bool) -> str:
    column = quoted(field) if field in fields else "null"
    if column != "null" and not plain:
        column = f"case when plain then {column} else json({column})::varchar end"
    return (
        f"{column}::varchar"
        if simple
        else f"case when simple then {column} else m.{quoted(field)}::varchar end"
    )


def _naming(field: str, fields: Collection[str], simple: bool) -> str:
    """A page's name or category as JSON."""
    column = f"to_json({quoted(field)})" if field in fields else "null::json"
    return column if simple else f"case when simple then {column} else m.{quoted(field)} end"


def finished(parsed: str, spelled: Collection[str], doubtful: Collection[str]) -> str:
    """The relation of fields over a SELECT of texts, `odd_*`, `*_json` documents and `broken`.

    Of a time it has `*_at`, if it was read already; else, for the times named in `spelled`, `*_text`. The
    documents named in `doubtful` may be no objects; to look is dear where a document is put together.
    """
    times = [f"{_time(name, spelled)} as {name}_read" for name in TIMES]
    documents = [f"{given(f'{name}_json')} as {name}_given" for name in DOCUMENTS]
    read = ",\n      ".join([*times, *documents])
    kept = ", ".join(["seq", "file", "line", *TEXTS, *(f"odd_{name}" for name in ODD)])
    return f"""
    select {kept},
      {_faults(spelled, doubtful)} as fault,
      coalesce(json_extract_string(integrations_given, '$.Personas') = 'false', false) as filtered,
      {", ".join(f"{name}_read as {name}" for name in TIMES)},
      {" or ".join(without_zone(f"{name}_text") for name in spelled) or "false"} as without_zone,
      traits_given::varchar as traits,
      {_properties()} as properties,
      context_given::varchar as context
    from (select *, {read} from ({parsed}))"""


def _time(name: str, spelled: Collection[str]) -> str:
    """What a time says, read already or from its text."""
    if name not in spelled:
        return f"{name}_at"
    return f"case when {name}_at is not null then {name}_at else {time_of(f'{name}_text')} end"


def _faults(spelled: Collection[str], doubtful: Collection[str]) -> str:
    """The first thing wrong with the record's form; NULL if nothing is."""
    cases = [f"when broken is not null then broken::{FAULT}"]
    for name in DOCUMENTS[:3]:
        if name not in doubtful:
            continue
        expected = fault("not_an_object", name, "a JSON object")
        cases.append(
            f"when {name}_given is not null and not starts_with({name}_given::varchar, '{{') then {expected}"
        )
    for name in spelled:
        expected = fault("bad_timestamp", TIMES[name], TIME_EXPECTED)
        cases.append(f"when {name}_text is not null and {name}_read is null then {expected}")
    return "case " + "\n        ".join(cases) + " end"


def _properties() -> str:
    """The properties; those of a page or screen with the call's own `name` and `category` among them."""
    return """case when type in ('page', 'screen') and (name_json is not null or category_json is not null)
        then json_merge_patch(coalesce(properties_given::varchar, '{}')::json,
          json_merge_patch('{}'::json, json_object('name', name_json, 'category', category_json)))::varchar
        else properties_given::varchar end"""
