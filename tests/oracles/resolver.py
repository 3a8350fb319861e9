"""Identity resolution as plainly as it can be said: dictionaries and loops, one message at a time.

It follows the text of the matching rules step by step and is the judge of the compiled replay. It knows
one collection at a time. Profiles are numbers, 1, 2 ... in the order of their creation. Nothing here is
meant to be fast.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

import phonenumbers

from pipelines.rules import IdentifierRule, Rules
from tests.oracles.records import (
    BLOCKED,
    NOBODY,
    OVER_LIMIT,
    OVER_MAPPINGS,
    OVER_MERGES,
    OVER_WINDOW,
    Creation,
    Identifier,
    Mapping,
    Merge,
    Message,
    Note,
    Outcome,
)

WINDOWS = {
    "daily": timedelta(days=1),
    "weekly": timedelta(days=7),
    "monthly": timedelta(days=30),
    "annually": timedelta(days=365),
}


class Resolver:
    """The graph so far; `resolve` takes the next batch and returns what it did."""

    def __init__(self, rules: Rules, collection: str = "users") -> None:
        self.rules = rules
        self.collection = collection
        self.owner: dict[Identifier, int] = {}  # to the canonical profile
        self.mapped_at: dict[Identifier, datetime] = {}
        self.canonical: dict[int, int] = {}  # of every profile ever created

    def remove(self, identifier: Identifier) -> None:
        """Forget an identifier, as a deletion on request does."""
        del self.owner[identifier], self.mapped_at[identifier]

    def holdings(self) -> dict[int, set[Identifier]]:
        """The identifiers of every canonical profile, of those without any too."""
        held: dict[int, set[Identifier]] = {canonical: set() for canonical in self.canonical.values()}
        for identifier, profile in self.owner.items():
            held[profile].add(identifier)
        return held

    def resolve(self, batch: Iterable[Message]) -> Outcome:
        """Resolve one batch, in the order (timestamp, message id)."""
        outcome = Outcome()
        for message in sorted(batch, key=lambda m: (m.timestamp, m.message_id.encode())):
            if message.addressee is not None:
                outcome.owners[message.message_id] = self.canonical[message.addressee]
            else:
                self._match(message, outcome)
        return outcome

    def _match(self, message: Message, outcome: Outcome) -> None:
        usable, notes = self._usable(message)
        if not usable:
            outcome.owners[message.message_id] = None
            outcome.log += [*notes, Note(message.message_id, None, None, NOBODY)]
            return
        kept = usable
        while violation := self._violation(kept, message.timestamp):
            violated_type, reason = violation
            notes.append(Note(message.message_id, kept.pop(), violated_type, reason))
        joined = self._owners(kept)
        before = {identifier: self.owner[identifier] for identifier in kept if identifier in self.owner}
        if joined:
            profile = joined[0]
        else:
            profile = len(self.canonical) + 1
            self.canonical[profile] = profile
            outcome.creations.append(Creation(message.message_id, profile, kept[0]))
        self._merge(message, profile, joined, outcome)
        self._map(message, profile, kept, notes, outcome)
        stamp = _stamp(before) if len(joined) > 1 else profile
        outcome.owners[message.message_id] = stamp
        outcome.log += [replace(note, profile=stamp) for note in notes]

    def _usable(self, message: Message) -> tuple[list[Identifier], list[Note]]:
        """The identifiers to match by, strongest first, and a note for each that is blocked."""
        usable: list[Identifier] = []
        blocked: list[Identifier] = []
        for rule in self._types():
            for type_, raw in message.mentions:
                identifier = (type_, normalised(raw, rule))
                if type_ != rule.type or not identifier[1].strip() or identifier in usable + blocked:
                    continue
                (blocked if is_blocked(identifier[1], rule) else usable).append(identifier)
        return usable, [Note(message.message_id, identifier, None, BLOCKED) for identifier in blocked]

    def _violation(self, kept: list[Identifier], now: datetime) -> tuple[str | None, str] | None:
        """The strongest type that the message would bring over its limit, else the merge cap, else None."""
        joined = self._owners(kept)
        for rule in self._types():
            new = [i for i in kept if i[0] == rule.type and i not in self.owner]
            held = [i for i, owner in self.owner.items() if owner in joined and i[0] == rule.type]
            if not new and len({self.owner[i] for i in held}) < 2:
                continue  # the count does not grow: a profile over a tightened limit still takes messages
            if rule.window == "ever":
                if len(held) + len(new) > rule.limit:
                    return rule.type, OVER_LIMIT
            else:
                recent = [i for i in held if self.mapped_at[i] > now - WINDOWS[rule.window]]
                if len(recent) + len(new) > rule.limit:
                    return rule.type, OVER_WINDOW
        merged_away = sum(canonical in joined for canonical in self.canonical.values()) - 1
        if len(joined) > 1 and merged_away > self.rules.merge_limit:
            return None, OVER_MERGES
        return None

    def _merge(self, message: Message, survivor: int, joined: list[int], outcome: Outcome) -> None:
        """Move the joined profiles, and all merged into them before, to the survivor."""
        moved = [
            p for p, canonical in self.canonical.items() if canonical in joined and canonical != survivor
        ]
        for place, profile in enumerate(sorted(moved)):
            self.canonical[profile] = survivor
            outcome.merges.append(Merge(message.message_id, profile, survivor, place))
        for identifier, owner in self.owner.items():
            if owner in joined:
                self.owner[identifier] = survivor

    def _map(
        self, message: Message, profile: int, kept: list[Identifier], notes: list[Note], outcome: Outcome
    ) -> None:
        """Give the new identifiers to the profile, strongest first, while it has room."""
        place = 0
        for identifier in kept:
            if identifier in self.owner:
                continue
            if sum(owner == profile for owner in self.owner.values()) >= self.rules.mapping_limit:
                notes.append(Note(message.message_id, identifier, None, OVER_MAPPINGS))
                continue
            self.owner[identifier] = profile
            self.mapped_at[identifier] = message.timestamp
            outcome.mappings.append(Mapping(message.message_id, identifier, profile, place))
            place += 1

    def _owners(self, identifiers: list[Identifier]) -> list[int]:
        """The profiles that hold any of the identifiers, oldest first."""
        return sorted({self.owner[i] for i in identifiers if i in self.owner})

    def _types(self) -> list[IdentifierRule]:
        """The types to match by, strongest first."""
        return [rule for rule in self.rules.identifiers if rule.collection == self.collection]


def _stamp(before: dict[Identifier, int]) -> int:
    """A message that merges keeps the profile of its anonymous_id, else of its strongest identifier."""
    anonymous = [owner for (type_, _), owner in before.items() if type_ == "anonymous_id"]
    return anonymous[0] if anonymous else next(iter(before.values()))


def normalised(value: str, rule: IdentifierRule) -> str:
    """The value as it is matched and stored."""
    if rule.normalize == "lower":
        return value.lower()
    if rule.normalize == "e164":
        try:
            number = phonenumbers.parse(value, rule.region)
        except phonenumbers.NumberParseException:
            return value
        if phonenumbers.is_possible_number(number):
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return value


def is_blocked(value: str, rule: IdentifierRule) -> bool:
    """Whether the value is on the list of its type or of all types."""
    return value in rule.blocked.exact or any(re.search(pattern, value) for pattern in rule.blocked.patterns)
