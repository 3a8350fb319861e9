"""NUL, a character that most warehouses cannot hold: where it stands in a value, the row is not taken.

In text read from a file it is a byte; in JSON it is written as an escape.
"""

from __future__ import annotations

from pipelines.naming import literal

EXPECTED = "text without NUL"
ESCAPE = "\\u0000"
"""How JSON writes it."""

# A backslash before it that is itself escaped would make it plain text.
_ESCAPED = r"(^|[^\\])(\\\\)*\\u0000"


def in_json(document: str) -> str:
    """SQL: whether a JSON text holds NUL in a string or a key.

    Few texts hold what looks like it, so the expression that decides is rarely evaluated.
    """
    return f"(contains({document}, {literal(ESCAPE)}) and regexp_matches({document}, {literal(_ESCAPED)}))"


def in_text(text: str) -> str:
    """SQL: whether a text holds NUL."""
    return f"contains({text}, chr(0))"
