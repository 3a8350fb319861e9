"""Calls of people in companies, drawn to collide: few people, few group ids, traits taken back, late calls.

A course is a list of batches of calls. `random_course` draws one from a seed, of many small worlds that share
nothing side by side, so that one run tries them all; `courses` is the hypothesis strategy over one world.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import Any, Final

from hypothesis import strategies as st

from pipelines.rules import Blocked, IdentifierRule, Rules

Call = dict[str, Any]  # Any: JSON
Course = list[list[Call]]

_START: Final = datetime.fromisoformat("2024-01-01")
_TYPES: Final = ("group", "group", "group", "identify", "identify", "track", "page")
_VALUES: Final[tuple[object, ...]] = ("x", "y", "z", None)
_EXTERNAL: Final = {"type": "group_id", "collection": "accounts", "encoding": "none"}
_PLACES: Final = ("groupId", "context.groupId", "context.group_id")


def random_rules(seed: int) -> Rules:
    """Tight limits, for people and for accounts, and a group id that means no group."""
    random = Random(f"rules {seed}")
    return Rules(
        (
            IdentifierRule("user_id", random.choice((1, 1, 2)), locations=("userId",)),
            IdentifierRule("anonymous_id", random.randint(2, 3), locations=("anonymousId",)),
            IdentifierRule(
                "group_id",
                random.choice((1, 2, 3, 3)),
                window=random.choice(("ever", "ever", "weekly")),
                normalize=random.choice(("none", "lower")),
                blocked=Blocked(exact=("none",)),
                locations=_PLACES,
                collection="accounts",
            ),
        ),
        merge_limit=random.choice((1, 2, 100)),
        mapping_limit=random.choice((2, 1000)),
    )


def random_course(seed: int, worlds: int = 25) -> Course:
    """Two to four batches, each with some calls of every world."""
    random = Random(f"companies {seed}")
    names = iter(random.sample(range(100_000), 100_000))
    return [
        [
            _call(random, f"m{next(names)}", str(world))
            for world in range(worlds)
            for _ in range(random.randint(0, 8))
        ]
        for _ in range(random.randint(2, 4))
    ]


def _call(random: Random, name: str, world: str) -> Call:
    call: Call = {
        "type": random.choice(_TYPES),
        "messageId": name,
        "timestamp": _at(random.randrange(24 * 20)),
    }
    for key, letter, chance in (("userId", "u", 0.5), ("anonymousId", "a", 0.7)):
        if random.random() < chance:
            call[key] = f"{letter}{random.randrange(3)}-{world}"
    groups = [_group(random.randrange(8), world) for _ in range(3)]
    if call["type"] == "group":
        call["groupId"] = groups[0]
        call["traits"] = {key: random.choice(_VALUES) for key in ("plan", "city") if random.random() < 0.4}
        address = {key: random.choice(_VALUES) for key in ("city", "zip") if random.random() < 0.5}
        if random.random() < 0.5:
            call["traits"]["address"] = random.choice((None, address, "here"))
    context: Call = {"groupId": groups[1]} if random.random() < 0.3 else {}
    if random.random() < 0.25:
        context["externalIds"] = [{"id": groups[2], **_EXTERNAL}]
    return _taken({**call, "context": context, "event": "Visit"})


def _group(number: int, world: str) -> str:
    """One of four, now and then in capitals or blocked."""
    return "none" if number == 7 else f"{'gG'[number == 6]}{number % 4}-{world}"


def _at(hour: int) -> str:
    return f"{(_START + timedelta(hours=hour)).isoformat()}Z"


def _taken(call: Call) -> Call:
    """A call of nobody, about no account, would be rejected by load."""
    if not any(call.get(key) for key in ("userId", "anonymousId", "groupId")) and not call["context"]:
        return {**call, "userId": "somebody"}
    return call


@st.composite
def courses(draw: st.DrawFn) -> Course:
    """Up to three batches of a few calls of one world."""
    random = draw(st.randoms(use_true_random=False))
    number = iter(range(1000))
    return [
        [_call(random, f"m{next(number)}", "") for _ in range(draw(st.integers(1, 8)))]
        for _ in range(draw(st.integers(1, 3)))
    ]
