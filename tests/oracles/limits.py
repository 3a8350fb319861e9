"""Which messages broke which rule, judged after the fact by going through what they did one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pipelines.rules import IdentifierRule, Rules
from tests.oracles.records import Identifier, Message, Outcome
from tests.oracles.resolver import WINDOWS


@dataclass(frozen=True, slots=True)
class Done:
    """A batch that was resolved: its messages, what became of them, and the rules it is to be judged by."""

    messages: Mapping[str, Message]
    outcome: Outcome
    rules: Rules


@dataclass(slots=True)
class _Graph:
    owner: dict[Identifier, int] = field(default_factory=dict)
    mapped_at: dict[Identifier, datetime] = field(default_factory=dict)
    canonical: dict[int, int] = field(default_factory=dict)

    def held(self, profiles: set[int]) -> list[Identifier]:
        return [identifier for identifier, owner in self.owner.items() if self.canonical[owner] in profiles]


def breaches(batches: Sequence[Done]) -> set[tuple[int, int, str]]:
    """(batch, ordinal, type or `mapping_limit` or `merge_limit`) of every rule that a message broke."""
    graph = _Graph()
    found: set[tuple[int, int, str]] = set()
    for number, done in enumerate(batches, 1):
        for ordinal, message_id in enumerate(done.outcome.owners):
            found |= {(number, ordinal, what) for what in _broken(graph, done, message_id)}
    return found


def _broken(graph: _Graph, done: Done, message_id: str) -> set[str]:
    """Let a message do what it did; the rules it broke by that."""
    outcome, rules = done.outcome, done.rules
    creations = [one for one in outcome.creations if one.message_id == message_id]
    merges = [one for one in outcome.merges if one.message_id == message_id]
    mappings = [one for one in outcome.mappings if one.message_id == message_id]
    graph.canonical |= {one.profile: one.profile for one in creations}
    if not merges and not mappings:
        return set()
    profile = merges[0].canonical if merges else mappings[0].profile
    joined = {profile, *(graph.canonical[one.profile] for one in merges)}
    parts = [{type_ for type_, _ in graph.held({one})} for one in joined]
    graph.canonical |= {one.profile: one.canonical for one in merges}
    for one in mappings:
        graph.owner[one.identifier] = one.profile
        graph.mapped_at[one.identifier] = done.messages[message_id].timestamp
    now, held = done.messages[message_id].timestamp, graph.held({profile})
    broken = set()
    for rule in rules.identifiers:
        raised = sum(rule.type in part for part in parts) > 1 or any(
            one.identifier[0] == rule.type for one in mappings
        )
        if raised and _counted(graph, held, rule, now) > rule.limit:
            broken.add(rule.type)
    if mappings and len(held) > rules.mapping_limit:
        broken.add("mapping_limit")
    members = sum(canonical == profile for canonical in graph.canonical.values()) - 1
    if merges and members > rules.merge_limit:
        broken.add("merge_limit")
    return broken


def _counted(graph: _Graph, held: list[Identifier], rule: IdentifierRule, now: datetime) -> int:
    of_type = [identifier for identifier in held if identifier[0] == rule.type]
    if rule.window == "ever":
        return len(of_type)
    return sum(graph.mapped_at[identifier] > now - WINDOWS[rule.window] for identifier in of_type)
