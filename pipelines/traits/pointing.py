"""Errors that point: file, line, column, the line itself and a caret under the place."""

from __future__ import annotations

from pipelines.errors import TraitError

_WIDTH = 100


def at(
    text: str,
    offset: int,
    what: str,
    *,
    file: str,
    code: str,
    expected: str | None = None,
    hint: str | None = None,
) -> TraitError:
    r"""A `TraitError` about the character at `offset` of `text`.

    >>> print(at("select a\nfrom b", 14, "no table b", file="x.sql", code="missing_table"))
    x.sql:2:6: no table b
        from b
             ^
      to do: correct the query; until then the trait keeps the values it has
    """
    line, column, shown = position(text, offset)
    start = max(0, column - 1 - _WIDTH // 2)
    excerpt = shown[start : start + _WIDTH].replace("\t", " ")
    caret = " " * (column - 1 - start) + "^"
    return TraitError(
        f"{what}\n    {excerpt}\n    {caret}",
        line=line,
        column=column,
        code=code,
        where=file,
        expected=expected,
        hint=hint,
    )


def position(text: str, offset: int) -> tuple[int, int, str]:
    """Line and column, both from 1, of a character of `text`, and that line."""
    before = text[:offset]
    line = before.count("\n") + 1
    start = before.rfind("\n") + 1
    end = text.find("\n", start)
    return line, offset - start + 1, text[start : end if end >= 0 else len(text)].rstrip("\r")


def offset_of_byte(text: str, byte: int) -> int:
    """The character at a byte position of the UTF-8 form, which is how DuckDB counts."""
    return len(text.encode()[:byte].decode(errors="ignore"))
