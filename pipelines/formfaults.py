"""From what pydantic found wrong with a form to faults a reader can act on: place, expectation, next step."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from pipelines.yamlfile import Document, Place

_EXPECTED = {
    "bool_type": "true or false",
    "dict_type": "keys and values",
    "greater_than_equal": "at least {ge}",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "less_than_equal": "at most {le}",
    "list_type": "a list",
    "literal_error": "{expected}",
    "model_attributes_type": "keys and values",
    "model_type": "keys and values",
    "string_too_short": "something",
    "string_type": "text",
    "too_long": "an empty list: this version has none to offer",
    "too_short": "at least one entry",
    "union_tag_invalid": "{expected_tags}",
}


# The single choices in pydantic's lists of them: 'none', 'lower' or 'e164'.
_CHOICE = re.compile(r"'([^']*)'")


def note_faults(document: Document, form: type[BaseModel], error: ValidationError) -> None:
    """Add to `document` what `error` found wrong with its values."""
    for details in error.errors(include_url=False):
        place = _place(document, details["loc"])
        if details["type"] == "extra_forbidden":
            _unknown_key(document, form, place)
        elif details["type"] in ("missing", "union_tag_not_found"):
            key = details["loc"][-1] if details["type"] == "missing" else "type"
            document.fault((*place, key), f"the key `{key}` is missing", hint="add it here")
        elif details["type"] == "unify":
            context = details["ctx"]
            document.fault(place, context["what"], expected=context["expected"], hint=context["hint"])
        else:
            _wrong_value(document, place, details)


def _place(document: Document, location: tuple[str | int, ...]) -> Place:
    """The place in the file: without the steps not written there, of a short spelling or a union's tag."""
    place: Place = ()
    for step in location:
        if (*place, step) in document.marks:
            place = (*place, step)
    return place


def _unknown_key(document: Document, form: type[BaseModel], place: Place) -> None:
    known = sorted({key for model in _forms_at(form, place[:-1]) for key in model.model_fields})
    hint = _nearest(str(place[-1]), known)
    document.fault(
        place,
        f"unknown key `{place[-1]}`",
        expected=f"one of {', '.join(known)}",
        hint=hint or "remove it, or check the spelling",
        at_key=True,
    )


def _wrong_value(document: Document, place: Place, details: ErrorDetails) -> None:
    context: Mapping[str, Any] = details.get("ctx", {})
    template = _EXPECTED.get(details["type"])
    expected = template.format_map(context) if template else details["msg"]
    given = details["input"]
    hint = None
    if details["type"] == "literal_error":
        hint = _nearest(str(given), _CHOICE.findall(context["expected"]))
    elif details["type"] == "union_tag_invalid":
        place = (*place, "type")
        hint = _nearest(context["tag"], _CHOICE.findall(context["expected_tags"]))
    elif given is None:
        hint = 'write "null" in quotes if the word is meant; otherwise give a value or remove the key'
    elif details["type"] == "string_type" and not isinstance(given, dict | list):
        hint = "put it in quotes"
    elif details["type"] == "list_type":
        hint = "start each entry with `- `"
    subject = f"`{place[-1]}`" if place and isinstance(place[-1], str) else "this"
    what = f"{subject} is empty" if given is None else f"{subject} is not what is expected"
    document.fault(place, what, expected=expected, hint=hint)


def _nearest(given: str, known: list[str]) -> str | None:
    matches = difflib.get_close_matches(given, known, n=1)
    return f"did you mean `{matches[0]}`?" if matches else None


def _forms_at(form: type[BaseModel], place: Place) -> list[type[BaseModel]]:
    """The forms that a place may hold, found by following the keys through the annotations."""
    forms = [form]
    for step in place:
        if isinstance(step, str):
            fields = [model.model_fields[step] for model in forms if step in model.model_fields]
            forms = [found for field in fields for found in _forms_in(field.annotation)]
    return forms


def _forms_in(annotation: Any) -> Iterator[type[BaseModel]]:  # Any: a type as typing spells it.
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _forms_in(part)
