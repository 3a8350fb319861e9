"""What a space file could say about a suspicious profile or identifier: lines of YAML, ready to be pasted.

A proposal is a guess at what the author of the rules would want to look at, no more: it is never applied.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import yaml

from pipelines import wellknown
from pipelines.rules import Blocked, IdentifierRule, Rules
from pipelines.space import Thresholds

_WORD: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.]*")
_WIDER: Final = {"daily": "weekly", "weekly": "monthly", "monthly": "annually", "annually": "ever"}

TOP: Final = "under `identity:`"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A line for findings of one kind and type: `opening`, their values in quotes, if any, `closing`."""

    kind: str
    type: str | None
    place: str
    opening: str
    closing: str = ""


def proposals(rules: Rules, listed: Thresholds) -> Iterator[Proposal]:
    """What to propose under these rules; `listed`: the numbers from which on something is a finding.

    A profile too large: a cap on what it may hold, or, where that is as low already, on merges. One that grew
    too fast: a longer window for the type that grew most, or half its limit. An identifier that bridges, or
    that many share: to block it.
    """
    yield Proposal("profile_size", None, TOP, _cap(rules, listed.profile_size or rules.mapping_limit))
    for rule in rules.identifiers:
        if rule.collection == "users":
            if rule.window != "ever" or rule.limit > 1:
                yield _narrowed(rules, rule)
            for kind in ("bridge", "shared"):
                yield _blocking(rules, rule, kind)


def _cap(rules: Rules, size: int) -> str:
    if size < rules.mapping_limit:
        return f"mapping_limit: {size}"
    return f"merge_limit: {max(1, rules.merge_limit // 2)}"


def _narrowed(rules: Rules, rule: IdentifierRule) -> Proposal:
    """A longer window, within which the same limit allows for less; without a window a lower limit."""
    if rule.window == "ever":
        narrower = replace(rule, limit=rule.limit // 2)
    else:
        narrower = replace(rule, window=_WIDER[rule.window])  # type: ignore[arg-type]  # a window is followed by one
    if not is_preset(rules):
        return Proposal("growth", rule.type, _instead(rule), f"- {_entry(rules, narrower)}")
    entries = [_entry(rules, narrower if one.type == rule.type else one) for one in rules.identifiers]
    return Proposal("growth", rule.type, TOP, f"identifiers: [{', '.join(entries)}]")


def _blocking(rules: Rules, rule: IdentifierRule, kind: str) -> Proposal:
    """One more value on the type's list; without a list of types, on the list of the space."""
    if not is_preset(rules):
        opening, closing = _around(_entry(rules, rule, _MARK))
        return Proposal(kind, rule.type, _instead(rule), f"- {opening}", closing)
    everywhere = {"exact": [*rules.blocked.exact, _MARK], "patterns": list(rules.blocked.patterns)}
    opening, closing = _around(f"blocked: {_flow(everywhere)}")
    return Proposal(kind, rule.type, TOP, opening, closing)


_MARK: Final = "\0"
"""Stands for the value of a finding; no value of a space file can hold it."""


def _around(line: str) -> tuple[str, str]:
    opening, _, closing = line.partition(json.dumps(_MARK))
    return opening, closing


def is_preset(rules: Rules) -> bool:
    """Whether the types are those of a space file that declares none."""
    preset = [
        IdentifierRule(
            type=name,
            limit=wellknown.default_limit(name),
            locations=wellknown.locations(name),
            collection=wellknown.collection(name),
        )
        for name in wellknown.OUT_OF_THE_BOX
    ]
    return preset == [replace(rule, blocked=Blocked()) for rule in rules.identifiers if not _own(rules, rule)]


def _instead(rule: IdentifierRule) -> str:
    return f"under `identity: identifiers:`, instead of the entry of {rule.type}"


def _entry(rules: Rules, rule: IdentifierRule, *more: str) -> str:
    """The entry of a type as a space file has it, with `more` blocked values."""
    own = _own(rules, rule) or Blocked()
    said: dict[str, Any] = {"type": rule.type, "limit": rule.limit}
    if rule.window != "ever":
        said["window"] = rule.window
    if rule.normalize != "none":
        said["normalize"] = rule.normalize
    if rule.region is not None:
        said["region"] = rule.region
    added = [place for place in rule.locations if place not in wellknown.locations(rule.type)]
    if added:
        said["locations"] = added
    exact = [*own.exact, *more]
    if own.patterns:
        said["blocked"] = {"exact": exact, "patterns": list(own.patterns)}
    elif exact:
        said["blocked"] = exact
    return _flow(said)


def _own(rules: Rules, rule: IdentifierRule) -> Blocked | None:
    """What a type blocks besides what is blocked for all; None if nothing."""
    everywhere = rules.blocked.exact
    if rule.normalize == "lower":
        everywhere = tuple(value.lower() for value in everywhere)
    own = Blocked(
        tuple(value for value in rule.blocked.exact if value not in everywhere),
        tuple(pattern for pattern in rule.blocked.patterns if pattern not in rules.blocked.patterns),
    )
    return own if own.exact or own.patterns else None


def _flow(value: Any) -> str:  # Any: text, number, list or mapping
    """A value as one line of YAML: words as they are, unless YAML takes them for something else."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {_flow(item)}' for key, item in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(_flow(item) for item in value)}]"
    if isinstance(value, str) and _WORD.fullmatch(value) and yaml.safe_load(value) == value:
        return value
    return json.dumps(value, ensure_ascii=False)
