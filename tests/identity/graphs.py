"""Random graphs that collide a lot: few values, small limits, short windows, late and unordered batches.

A `Scenario` is plain data. `random_scenario` draws one from a seed (fast, for bulk); `side_by_side`
joins several into one; `scenarios` is the hypothesis strategy over the same data (slow, but it shrinks
what it finds).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final, TypeVar, get_args

from hypothesis import strategies as st

from pipelines.rules import Blocked, IdentifierRule, Rules, Window
from tests.identity.cases import Graph
from tests.oracles.records import Creation, Mapping, Merge, Message, Note, Outcome

TAGS: Final = tuple(f"#{number}" for number in range(20))
"""Endings that keep the messages and values of scenarios apart that are played side by side."""

Row = TypeVar("Row", Creation, Mapping, Merge, Note)

_START: Final = datetime.fromisoformat("2024-01-01")
_TYPES: Final = ("user_id", "email", "anonymous_id", "phone", "ios.id")
_WINDOWS: Final[tuple[Window, ...]] = get_args(Window)
_MERGE_LIMITS: Final = (1, 2, 3, 100)
_MAPPING_LIMITS: Final = (1, 2, 3, 5, 8, 1000)
_BLOCKED: Final = Blocked(exact=tuple(f"v0{tag}" for tag in ("", *TAGS)), patterns=("^w1",))
_DAYS: Final = (1, 10, 40, 500)


@dataclass(frozen=True, slots=True)
class Turn:
    """A batch and what changes before it. `removal` and addressees are taken modulo what there then is."""

    rules: Rules
    removal: int | None
    batch: list[Message]


Scenario = list[Turn]


def play(scenario: Scenario, graph: Graph) -> list[Outcome]:
    """Run a scenario on a graph."""
    outcomes = []
    profiles = 0
    for turn in scenario:
        graph.rules = turn.rules
        held = sorted(identifier for values in graph.holdings().values() for identifier in values)
        if turn.removal is not None and held:
            graph.remove(held[turn.removal % len(held)])
        outcomes.append(graph.resolve([_addressed(message, profiles) for message in turn.batch]))
        profiles += len(outcomes[-1].creations)
    return outcomes


def _addressed(message: Message, profiles: int) -> Message:
    if message.addressee is None:
        return message
    return replace(message, addressee=message.addressee % profiles + 1 if profiles else None)


def side_by_side(scenarios: Sequence[Scenario]) -> Scenario:
    """Scenarios under one course of rules as one scenario: nothing they mention is shared."""
    return [
        Turn(
            turns[0].rules,
            None,
            [_tagged(m, tag) for turn, tag in zip(turns, TAGS, strict=False) for m in turn.batch],
        )
        for turns in zip(*scenarios, strict=True)
    ]


def apart(outcomes: list[Outcome], tag: str) -> list[Outcome]:
    """What happened to one of the scenarios side by side, its profiles numbered as if it had been alone."""
    number: dict[int | None, int | None] = {None: None}
    for outcome in outcomes:
        for row in outcome.creations:
            if row.message_id.endswith(tag):
                number[row.profile] = len(number)

    def alone(rows: list[Row]) -> list[Row]:
        return [_renamed(row, tag, number) for row in rows if row.message_id.endswith(tag)]

    return [
        Outcome(
            owners={m.removesuffix(tag): number[p] for m, p in outcome.owners.items() if m.endswith(tag)},
            creations=alone(outcome.creations),
            mappings=alone(outcome.mappings),
            merges=alone(outcome.merges),
            log=alone(outcome.log),
        )
        for outcome in outcomes
    ]


def _tagged(message: Message, tag: str) -> Message:
    mentions = tuple((type_, value + tag if value.strip() else value) for type_, value in message.mentions)
    return replace(message, message_id=message.message_id + tag, mentions=mentions)


def _renamed(row: Row, tag: str, number: dict[int | None, int | None]) -> Row:
    changes: dict[str, Any] = {  # Any: fields of four classes
        "message_id": row.message_id.removesuffix(tag),
        "profile": number[row.profile],
    }
    if isinstance(row, Merge):
        changes["canonical"] = number[row.canonical]
    elif row.identifier is not None:
        type_, value = row.identifier
        changes["identifier"] = type_, value.removesuffix(tag)
    return replace(row, **changes)


def random_course(seed: int) -> list[Rules]:
    """The rules of one to four batches; they change between some."""
    random = Random(f"course {seed}")
    types = random.sample(_TYPES, random.randint(2, len(_TYPES)))
    course = [_random_rules(random, types)]
    for _ in range(random.randint(0, 3)):
        course.append(_random_rules(random, types) if random.random() < 0.25 else course[-1])
    return course


def random_scenario(seed: int, course: list[Rules] | None = None) -> Scenario:
    """5 to 60 messages under a course of rules, with a removal and addressed messages now and then.

    Of two scenarios under one course (not the scenario's own) neither removes or addresses anything, so
    that they can be played side by side.
    """
    random = Random(f"scenario {seed}")
    alone = course is None
    course = random_course(seed) if course is None else course
    types = [rule.type for rule in course[0].identifiers]
    values, days = random.randint(2, 8), random.choice(_DAYS)
    names = iter(random.sample(range(60), 60))
    turns: Scenario = []
    for rules in course:
        removal = random.randrange(1000) if alone and turns and random.random() < 0.1 else None
        batch = [
            _random_message(random, f"m{next(names)}", types, values, days, alone)
            for _ in range(random.randint(5, 60 // len(course)))
        ]
        turns.append(Turn(rules, removal, batch))
    return turns


def _random_rules(random: Random, types: list[str]) -> Rules:
    identifiers = [
        IdentifierRule(
            type=type_,
            limit=random.randint(1, 3),
            window=random.choice(_WINDOWS) if random.random() < 0.5 else "ever",
            normalize="lower" if random.random() < 0.2 else "none",
            blocked=_BLOCKED if random.random() < 0.3 else Blocked(),
        )
        for type_ in types
    ]
    if random.random() < 0.3:
        random.shuffle(identifiers)
    return Rules(
        tuple(identifiers),
        merge_limit=random.choice(_MERGE_LIMITS),
        mapping_limit=random.choice(_MAPPING_LIMITS),
    )


def _random_message(
    random: Random, name: str, types: list[str], values: int, days: int, alone: bool
) -> Message:
    """One to four mentions at an hour that repeats; now and then a blank, another case, or an addressee."""
    mentions = tuple(
        (random.choice(types), _value(random.randrange(values), random.randrange(40)))
        for _ in range(random.choice((1, 1, 2, 2, 2, 3, 4)))
    )
    time = _START + timedelta(hours=random.randrange(days * 24))
    addressee = random.randrange(1000) if alone and random.random() < 0.03 else None
    return Message(name, time, mentions, addressee)


def _value(number: int, variant: int) -> str:
    if variant == 0:
        return "  "
    return f"{'vVw'[0 if variant > 6 else variant % 3]}{number}"


@st.composite
def _rules(draw: st.DrawFn, types: list[str]) -> Rules:
    identifiers = tuple(
        IdentifierRule(
            type_,
            limit=draw(st.integers(1, 3)),
            window=draw(st.sampled_from(_WINDOWS)),
            normalize=draw(st.sampled_from(("none", "lower"))),
            blocked=draw(st.sampled_from((Blocked(), _BLOCKED))),
        )
        for type_ in types
    )
    return Rules(
        identifiers,
        merge_limit=draw(st.sampled_from(_MERGE_LIMITS)),
        mapping_limit=draw(st.sampled_from(_MAPPING_LIMITS)),
    )


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    """Up to three small batches; every batch has rules of its own."""
    types = draw(st.lists(st.sampled_from(_TYPES), min_size=1, max_size=4, unique=True))
    mention = st.tuples(
        st.sampled_from(types), st.sampled_from(("v0", "v1", "V1", "v2", "v3", "w1", "w2", ""))
    )
    hours = st.integers(0, 24 * draw(st.sampled_from(_DAYS)))
    names = iter(range(1000))
    turns = []
    for _ in range(draw(st.integers(1, 3))):
        batch = [
            Message(
                f"m{next(names)}",
                _START + timedelta(hours=draw(hours)),
                tuple(draw(st.lists(mention, min_size=1, max_size=4))),
            )
            for _ in range(draw(st.integers(1, 10)))
        ]
        turns.append(Turn(draw(_rules(types)), draw(st.none() | st.integers(0, 9)), batch))
    return turns
