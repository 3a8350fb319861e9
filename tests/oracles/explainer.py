"""Why two identifiers are one profile, found the slow way: by looking at every message again and again."""

from __future__ import annotations

from itertools import combinations

from pipelines.rules import Rules
from tests.oracles.records import Identifier, Message, Outcome
from tests.oracles.resolver import normalised

Used = list[tuple[str, frozenset[Identifier]]]
"""Messages in the order of processing: the id of each, and the identifiers it carried that were used."""


def used(rules: Rules, batch: list[Message], outcome: Outcome) -> Used:
    """What the messages of a batch carried, without what the outcome says was dropped."""
    found = []
    for message in sorted(batch, key=lambda m: (m.timestamp, m.message_id.encode())):
        carried = {
            (type_, normalised(value, rule))
            for type_, value in message.mentions
            for rule in rules.identifiers
            if rule.type == type_ and normalised(value, rule).strip()
        }
        dropped = {note.identifier for note in outcome.log if note.message_id == message.message_id}
        found.append((message.message_id, frozenset(carried - dropped)))
    return found


def together(messages: Used) -> list[set[Identifier]]:
    """The groups of identifiers that the messages join."""
    groups: list[set[Identifier]] = []
    for _, identifiers in messages:
        apart = [group for group in groups if not group & identifiers]
        joined = set(identifiers).union(*(group for group in groups if group & identifiers))
        groups = [*apart, joined]
    return groups


def joined_at(messages: Used, a: Identifier, b: Identifier) -> int | None:
    """How many messages it took to bring the two together."""
    for count in range(len(messages) + 1):
        if any({a, b} <= group for group in together(messages[:count])):
            return count
    return None


def shortest(messages: Used, a: Identifier, b: Identifier) -> list[str]:
    """The shortest chain of messages from `a` to `b`, each sharing something with the next; the earliest."""
    chains = [[place] for place, (_, identifiers) in enumerate(messages) if a in identifiers]
    for _ in messages:
        done = [chain for chain in chains if b in messages[chain[-1]][1]]
        if done:
            return [messages[place][0] for place in min(done)]
        best: dict[int, list[int]] = {}
        for chain in sorted(chains):
            for place, (_, identifiers) in enumerate(messages):
                if place not in chain and identifiers & messages[chain[-1]][1]:
                    best.setdefault(place, [*chain, place])
        chains = list(best.values())
    return []


def fewest(messages: Used, identifiers: set[Identifier]) -> int:
    """How many messages must go at least for the identifiers to fall apart, by trying all combinations."""
    for count in range(len(messages) + 1):
        for gone in combinations(range(len(messages)), count):
            left = [message for place, message in enumerate(messages) if place not in gone]
            alone: Used = [("", frozenset((identifier,))) for identifier in identifiers]
            if len(together([*alone, *left])) > 1:
                return count
    raise ValueError("a single identifier does not fall apart")
