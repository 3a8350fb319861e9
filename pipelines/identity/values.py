"""What an identifier value becomes before it may match: normalised, dropped if blank, blocked if listed.

Works on distinct values only. Source: design section 5 step 0, spec identity-resolution.md sections 2.3, 3.
"""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.phones import e164
from pipelines.rules import Blocked, IdentifierRule


def normalised(values: pa.LargeStringArray, rule: IdentifierRule) -> pa.LargeStringArray:
    """The values as they are matched and stored; the same array when nothing is asked for."""
    return _NORMALISERS[rule.normalize](values, rule)


def blank(values: pa.LargeStringArray) -> pa.BooleanArray:
    """True where a value holds nothing but white space."""
    return pc.equal(pc.utf8_length(pc.utf8_trim_whitespace(values)), 0)


def blocked(values: pa.LargeStringArray, rules: Blocked) -> pa.BooleanArray:
    """True where a value is listed exactly, or any pattern (RE2) is found in it."""
    hit = pc.is_in(values, value_set=pa.array(rules.exact, type=values.type))
    for pattern in rules.patterns:
        hit = pc.or_(hit, pc.match_substring_regex(values, pattern))
    return hit


def _unchanged(values: pa.LargeStringArray, _: IdentifierRule) -> pa.LargeStringArray:
    return values


def _lower(values: pa.LargeStringArray, _: IdentifierRule) -> pa.LargeStringArray:
    return pc.utf8_lower(values)


def _e164(values: pa.LargeStringArray, rule: IdentifierRule) -> pa.LargeStringArray:
    # The library knows one number at a time; these are the distinct ones of a batch.
    return pa.array([e164(value, rule.region) for value in values.to_pylist()], type=values.type)


_NORMALISERS: dict[str, Callable[[pa.LargeStringArray, IdentifierRule], pa.LargeStringArray]] = {
    "none": _unchanged,
    "lower": _lower,
    "e164": _e164,
}
