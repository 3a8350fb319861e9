"""What to do about a rejected row, by the reason it was rejected for.

What was wrong and what was expected there stands with the row itself, in `ops.rejects`. A mended row goes
into a new file: what was loaded of the old one is not loaded again.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_TIME = "correct the time where it is made; without one the time of receipt or of the load counts"
_CELLS = "correct the row: a cell that holds a delimiter, a quote or a line end stands in quotes"
_CALL = "correct the sender, or leave the row out: nothing can be made of it"

ADVICE: Mapping[str, str] = MappingProxyType(
    {
        "bad_message_id": "send a string, or no id at all: then one is made from the content",
        "bad_timestamp": _TIME,
        "bad_value": "correct the cell, or declare another type for the column under `types:` of the input",
        "empty_group_id": "send the id of the group, or no groupId",
        "group_id_too_long": "send a shorter id of the group",
        "invalid_json": "write one JSON object on the line, as a JSON library does",
        "invalid_utf8": "save the text as UTF-8; for a CSV name its encoding under `encoding:` of the input",
        "long_row": _CELLS,
        "message_id_too_long": "send a shorter id, or none at all: then one is made from the content",
        "missing_event": "send the name of the event with each track call",
        "missing_type": _CALL,
        "no_identifier": "add an identifier, or declare the type of the one there is under `identity:`",
        "not_an_object": "put the values into a JSON object, under names",
        "nul_byte": "take the NUL out where the value is made",
        "short_row": _CELLS,
        "text_after_quote": "double the quotes inside of a quoted cell",
        "timestamp_in_future": "correct the clock or the time; `max_future` in the space file allows more",
        "timestamp_too_old": _TIME,
        "unclosed_quote": "close the quote, or double it where it is part of the text",
        "unknown_type": _CALL,
    }
)
"""Every reason there is, and the next step."""
