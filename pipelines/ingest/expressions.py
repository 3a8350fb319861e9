"""SQL expressions shared by the layouts: texts and times out of JSON values, and faults as a struct.

All take SQL expressions and return one. Nothing of a user's enters the text but through `naming.literal`.
"""

from __future__ import annotations

from pipelines.naming import literal

_ISO = (
    r"\d{4}-\d{1,2}-\d{1,2}"
    r"([T ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]([01]\d|2[0-3])(:?[0-5]\d)?)?)?"
)
_WITHOUT_ZONE = r"\d{4}-\d{1,2}-\d{1,2}([T ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?)?"
TIME_EXPECTED = "an ISO-8601 time such as 2026-01-31T09:30:00Z"

FAULT = 'struct(reason varchar, "column" varchar, expected varchar)'
"""Why a record is not taken: a code, the field or column at fault, what was expected."""


def fault(reason: str, column: str | None, expected: str) -> str:
    """A constant of type `FAULT`."""
    field = "null" if column is None else literal(column)
    return f"row({literal(reason)}, {field}, {literal(expected)})::{FAULT}"


def text_of(value: str) -> str:
    """A JSON value that is a string or an integer as its text; anything else is NULL.

    An integer keeps all its digits.
    """
    digits = f"regexp_full_match({value}::varchar, '-?[0-9]+')"
    return (
        f"case when starts_with({value}::varchar, '\"') then {value} ->> '$' "
        f"when {digits} then {value}::varchar end"
    )


def given(value: str) -> str:
    """A JSON value with an explicit null made SQL's NULL."""
    return f"case when {value}::varchar <> 'null' then {value} end"


def filled(text: str) -> str:
    """A text with blanks only made NULL.

    Trimming is dear, and a text that starts above the blank holds something.
    """
    return f"case when {text} >= '!' then {text} when trim({text}) <> '' then {text} end"


def time_of(text: str) -> str:
    """The UTC time an ISO-8601 text says, as TIMESTAMP; without a zone it is UTC; NULL if it says none.

    A cast to TIMESTAMP would drop an offset without a word, so a text with one goes by TIMESTAMPTZ.
    """
    return (
        f"case when regexp_full_match({text}, '{_ISO}') then "
        f"case when ends_with({text}, 'Z') or regexp_full_match({text}, '{_WITHOUT_ZONE}') "
        f"then try_cast({text} as timestamp) "
        f"else try_cast(try_cast({text} as timestamptz) as timestamp) end end"
    )


def without_zone(text: str) -> str:
    """Whether a readable time says no zone."""
    return f"coalesce(not ends_with({text}, 'Z') and regexp_full_match({text}, '{_WITHOUT_ZONE}'), false)"
