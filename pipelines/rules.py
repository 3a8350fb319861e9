"""Identity rules in their resolved form: what resolution and loading need to know, and their canonical text.

Source: identity-resolution specification, sections 2 to 4.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Final, Literal

Window = Literal["ever", "daily", "weekly", "monthly", "annually"]
Normalize = Literal["none", "lower", "e164"]
Collection = Literal["users", "accounts"]

ACCOUNTS: Final = "accounts"
ACCOUNT_PREFIX: Final = "acc_"
"""What the segment id of an account begins with; that of a person begins with `use_`."""


@dataclass(frozen=True, slots=True)
class Blocked:
    """Values that are never identifiers: exact ones, and patterns (RE2, searched anywhere in the value)."""

    exact: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IdentifierRule:
    """One declared identifier type, ready to use.

    `limit` values of the type may be held by one profile within `window`. `blocked` already holds the space's
    own list as well as the type's. `region` is the country assumed for phone numbers without one.

    `locations` are the places the type is read from, in order of position (a violation drops the last):
    dotted paths into the message. Besides them a CSV column named like the type, and `context.externalIds`
    (collection `users`, type spelled exactly), always count. Spelling of a path:

    - `userId`, `anonymousId`, `groupId`: the top-level field; `traits.email`, `context.traits.email`: nested
      keys.
    - a key with a dot or blank in it is quoted: `context.integrations."Google Analytics".clientId`.
    - conditions follow a question mark and are joined by `&`; each names a sibling of the last key and the
      JSON value it must have: `context.device.advertisingId?type=android&adTrackingEnabled=true` is read only
      when `context.device.type` is the text `android` and `context.device.adTrackingEnabled` is true.
    """

    type: str
    limit: int
    window: Window = "ever"
    normalize: Normalize = "none"
    blocked: Blocked = Blocked()
    locations: tuple[str, ...] = ()
    collection: Collection = "users"
    region: str | None = None


@dataclass(frozen=True)
class Rules:
    """How messages become profiles: identifier types strongest first, and the caps on merges and mappings."""

    identifiers: tuple[IdentifierRule, ...]
    merge_limit: int = 100
    mapping_limit: int = 1000
    blocked: Blocked = Blocked()

    @cached_property
    def text(self) -> str:
        """The rules as canonical JSON (sorted keys, no blanks): what the ledger keeps for each batch."""
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    @cached_property
    def hash(self) -> str:
        """SHA-256 of `text`, in hex: equal exactly when the rules are."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @classmethod
    def from_text(cls, text: str) -> Rules:
        """The rules whose `text` this is."""
        tree = json.loads(text)
        identifiers = (
            IdentifierRule(
                **{**rule, "blocked": _blocked(rule["blocked"]), "locations": tuple(rule["locations"])}
            )
            for rule in tree.pop("identifiers")
        )
        return cls(**{**tree, "identifiers": tuple(identifiers), "blocked": _blocked(tree["blocked"])})


def _blocked(tree: dict[str, Any]) -> Blocked:
    return Blocked(exact=tuple(tree["exact"]), patterns=tuple(tree["patterns"]))
