"""How a value of a DuckDB column is written as JSON in a trait.

Doubles keep 15 significant digits: a parallel sum differs in the last ones from run to run, and would be
sent as a change for ever. Times are ISO-8601 in UTC with `Z`, which is what makes a text a time again when
it is loaded.
"""

from __future__ import annotations

import re
from collections.abc import Callable


def json_text(sql: str, type_name: str) -> str | None:
    """The expression that writes column expression `sql`, of DuckDB type `type_name`, as JSON; NULL stays
    NULL.

    None for a type that has no place in a trait (a struct, a map, an interval, bytes).

    >>> json_text("paid", "BOOLEAN")
    'cast(paid as varchar)'
    """
    if found := _LIST.fullmatch(type_name):
        return _list(sql, found[1])
    writers = (write for pattern, write in _WRITERS if re.fullmatch(pattern, type_name, re.DOTALL))
    write = next(writers, None)
    return None if write is None else write(sql)


_LIST = re.compile(r"(.*)\[\d*\]", re.DOTALL)


def _as_it_is(sql: str) -> str:
    return f"cast({sql} as varchar)"


def _text(sql: str) -> str:
    return f"cast(to_json(cast({sql} as varchar)) as varchar)"


def _json(sql: str) -> str:
    return f"cast(json({sql}) as varchar)"


def _double(sql: str) -> str:
    digits = f"printf('%.15g', cast({sql} as double))"
    # `.0` keeps a whole double a double in the table it lands in; infinity and NaN have no JSON.
    whole = f"regexp_full_match({digits}, '-?[0-9]+')"
    return f"case when isfinite({sql}) then case when {whole} then {digits} || '.0' else {digits} end end"


def _decimal(sql: str) -> str:
    return rf"regexp_replace(rtrim(cast({sql} as varchar), '0'), '\.$', '.0')"


def _time(sql: str) -> str:
    text = f"strftime(cast({sql} as timestamp), '%Y-%m-%dT%H:%M:%S.%f')"
    return rf"""'"' || regexp_replace({text}, '\.?0*$', '') || 'Z"'"""


def _list(sql: str, item_type: str) -> str | None:
    item = json_text("item", item_type)
    if item is None:
        return None
    return f"'[' || array_to_string(list_transform({sql}, lambda item: coalesce({item}, 'null')), ',') || ']'"


_WRITERS: tuple[tuple[str, Callable[[str], str]], ...] = (
    (r"BOOLEAN|U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DECIMAL\(\d+,0\)", _as_it_is),
    (r"DOUBLE|FLOAT", _double),
    (r"DECIMAL\(.*\)", _decimal),
    (r"DATE|TIMESTAMP(_S|_MS|_NS)?|TIMESTAMP WITH TIME ZONE", _time),
    (r"VARCHAR|UUID|ENUM\(.*\)", _text),
    (r"JSON", _json),
)
