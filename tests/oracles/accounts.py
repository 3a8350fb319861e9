"""Accounts as plainly as they can be said: all that was said is kept, and everything worked out at the end.

Who a message is about is left to two plain resolvers, one a collection. A trait's history is replayed in the
order of event times; a membership is the list of messages that say so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from pipelines.rules import Rules
from tests.oracles.records import Identifier, Message, Outcome
from tests.oracles.resolver import Resolver

Call = Mapping[str, Any]  # Any: JSON
Seq = tuple[int, int]
"""Batch and place of the message in it."""


class Change(NamedTuple):
    """Something that a message did to an account; `account` is the one of that time."""

    account: int
    seq: Seq
    timestamp: datetime


class Write(NamedTuple):
    """A trait that a Group call set, or removed (None)."""

    account: int
    timestamp: datetime
    seq: Seq
    name: str
    value: object


class Said(NamedTuple):
    """A message that makes its user a member; both as they were then."""

    profile: int
    account: int
    timestamp: datetime
    seq: Seq


class Account(NamedTuple):
    """A row of `account_traits`: the account it is merged into, or None; its traits; the message it shows."""

    merged_to: int | None
    traits: dict[str, object]
    seq: Seq


class Member(NamedTuple):
    """A row of `account_memberships`."""

    profile: int
    account: int
    first_seen: datetime
    last_seen: datetime
    seq: Seq


class Accounts:
    """All that was said so far; `take` takes the next batch."""

    def __init__(self, rules: Rules) -> None:
        self.people = Resolver(rules)
        self.accounts = Resolver(rules, "accounts")
        self.outcomes: list[Outcome] = []
        self.owners: dict[str, int | None] = {}
        self.mapped: dict[Identifier, Seq] = {}
        self._changes: list[Change] = []
        self._writes: list[Write] = []
        self._said: list[Said] = []
        self._batches = 0

    def take(self, calls: Iterable[Call]) -> None:
        """The next batch; every call has a `messageId` and a `timestamp`."""
        self._batches += 1
        ordered = sorted(calls, key=lambda call: (_time(call), call["messageId"].encode()))
        people = self.people.resolve([_message(call, _of_people(call)) for call in ordered])
        about = [_message(call, mentions) for call in ordered if (mentions := _of_account(call))]
        outcome = self.accounts.resolve(about)
        self.outcomes.append(outcome)
        self.owners |= outcome.owners
        for place, call in enumerate(ordered):
            self._note(call, (self._batches, place), people, outcome)

    def _note(self, call: Call, seq: Seq, people: Outcome, outcome: Outcome) -> None:
        name, timestamp = call["messageId"], _time(call)
        for creation in outcome.creations:
            if creation.message_id == name:
                self._changes.append(Change(creation.profile, seq, timestamp))
        for merge in outcome.merges:
            if merge.message_id == name:
                self._changes += [Change(one, seq, timestamp) for one in (merge.profile, merge.canonical)]
        for mapping in outcome.mappings:
            if mapping.message_id == name:
                self.mapped[mapping.identifier] = seq
        account, profile = outcome.owners.get(name), people.owners[name]
        if call["type"] == "group" and account is not None:
            for trait, value in _flat(call.get("traits") or {}):
                self._writes.append(Write(account, timestamp, seq, trait, value))
            if profile is not None:
                self._said.append(Said(profile, account, timestamp, seq))

    def rows(self) -> dict[int, Account]:
        """`account_traits`, by account."""
        return {account: self._row(account) for account in self.accounts.canonical}

    def _row(self, account: int) -> Account:
        canonical = self.accounts.canonical[account]
        seqs = [change.seq for change in self._changes if change.account == account]
        if canonical != account:
            return Account(canonical, {}, max(seqs))
        counting = self._replayed(account)
        seqs += [write.seq for write in counting.values()]
        traits = {name: write.value for name, write in counting.items() if write.value is not None}
        return Account(None, traits, max(seqs))

    def _replayed(self, canonical: int) -> dict[str, Write]:
        """The writes of an account that count, replayed by their times; of one message, removals first."""
        own = [write for write in self._writes if self.accounts.canonical[write.account] == canonical]
        counting: dict[str, Write] = {}
        for write in sorted(own, key=lambda one: (one.timestamp, one.seq, one.value is not None)):
            if write.value is None:
                counting = {
                    name: other for name, other in counting.items() if not name.startswith(f"{write.name}_")
                }
            counting[write.name] = write
        return counting

    def members(self) -> list[Member]:
        """`account_memberships`, by profile and account."""
        pairs: dict[tuple[int, int], list[Said]] = {}
        for said in self._said:
            pair = self.people.canonical[said.profile], self.accounts.canonical[said.account]
            pairs.setdefault(pair, []).append(said)
        return [_member(pair, pairs[pair]) for pair in sorted(pairs)]


def _member(pair: tuple[int, int], said: list[Said]) -> Member:
    newest = max(said, key=lambda one: (one.timestamp, one.seq))
    return Member(*pair, min(one.timestamp for one in said), newest.timestamp, newest.seq)


def _message(call: Call, mentions: list[Identifier]) -> Message:
    return Message(call["messageId"], _time(call), tuple(mentions))


def _of_people(call: Call) -> list[Identifier]:
    places = (("user_id", call.get("userId")), ("anonymous_id", call.get("anonymousId")))
    return [(type_, value) for type_, value in places if value]


def _of_account(call: Call) -> list[Identifier]:
    """The group ids of a call. A Group call names its account itself; of others the context does."""
    context = call.get("context") or {}
    values = [call.get("groupId"), None if call["type"] == "group" else context.get("groupId")]
    values += [one["id"] for one in context.get("externalIds", ()) if one["collection"] == "accounts"]
    return [("group_id", value) for value in values if value]


def _flat(traits: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, object]]:
    for name, value in traits.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{name}_")
        else:
            yield f"{above}{name}", value


def _time(call: Call) -> datetime:
    return datetime.fromisoformat(call["timestamp"].removesuffix("Z"))
