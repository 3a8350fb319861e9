"""What is suspicious, counted the slow way from the whole graph after every batch."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from pipelines.space import Thresholds
from tests.oracles.explainer import Used, together
from tests.oracles.records import OVER_LIMIT, OVER_MERGES, OVER_WINDOW, Identifier, Outcome
from tests.oracles.resolver import Resolver, is_blocked

Finding = tuple[str, int | None, str | None, str | None, int]
"""Kind, profile, type, value, number."""


@dataclass
class Watch:
    """What was found so far; `look` takes the next batch."""

    listed: Thresholds
    held: dict[int, set[Identifier]] = field(default_factory=dict)
    dropped: dict[Identifier, set[int]] = field(default_factory=lambda: defaultdict(set))
    bridges: dict[int, tuple[Identifier, int]] = field(default_factory=dict)

    def look(self, graph: Resolver, outcome: Outcome, messages: Used) -> set[Finding]:
        """All findings after a batch that the graph went through; `messages`: all there were so far."""
        before, self.held = self.held, graph.holdings()
        sizes = {profile: len(held) for profile, held in self.held.items()}
        found: set[Finding] = {
            ("profile_size", profile, None, None, size)
            for profile, size in sizes.items()
            if size >= (self.listed.profile_size or 0)
        }
        large = {profile for _, profile, *_ in found}
        for profile, held in self.held.items():
            if profile in before and len(held - before[profile]) >= (self.listed.growth or 0):
                gained = [kind for kind, _ in held - before[profile]]
                most = min(set(gained), key=lambda kind: (-gained.count(kind), kind))
                found.add(("growth", profile, most, None, len(gained)))
            if held != before.get(profile):
                self.bridges.pop(profile, None)
                if profile in large:
                    self.bridges[profile] = self._bridge(graph, held, messages)
        found |= {
            ("bridge", profile, *bridge, number)
            for profile, (bridge, number) in self.bridges.items()
            if number >= (self.listed.bridge or 0) and profile in self.held
        }
        return found | self._shared(graph, outcome)

    def _bridge(self, graph: Resolver, held: set[Identifier], messages: Used) -> tuple[Identifier, int]:
        """The identifier whose removal leaves the largest second part; the one mapped first, of equals."""

        def second(identifier: Identifier) -> int:
            left = [(name, used - {identifier}) for name, used in messages if used & held]
            alone: Used = [("", frozenset((one,))) for one in held - {identifier}]
            sizes = sorted((len(group) for group in together(alone + left) if group), reverse=True)
            return [*sizes, 0, 0][1]

        order = list(graph.owner)  # in the order of mapping
        best = max(sorted(held, key=order.index), key=second)
        return best, second(best)

    def _shared(self, graph: Resolver, outcome: Outcome) -> set[Finding]:
        for note in outcome.log:
            if note.identifier and note.profile and note.reason in (OVER_LIMIT, OVER_WINDOW, OVER_MERGES):
                self.dropped[note.identifier].add(note.profile)
        rules = {rule.type: rule for rule in graph.rules.identifiers}
        return {
            ("shared", None, *identifier, len(profiles))
            for identifier, profiles in self.dropped.items()
            if len(profiles) >= (self.listed.shared or 0)
            and not is_blocked(identifier[1], rules[identifier[0]])
        }
