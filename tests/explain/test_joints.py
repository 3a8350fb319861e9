"""Where a profile would come apart, against trying every way to take it apart."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.identity.joints import Cut, single, split_at, weakest
from pipelines.identity.links import Link
from tests.oracles import explainer
from tests.oracles.records import Identifier

Messages = list[frozenset[int]]


@st.composite
def profiles(draw: st.DrawFn) -> tuple[int, Messages]:
    """A few identifiers and the messages that carry two of them or more; mostly, they hang together."""
    size = draw(st.integers(2, 6))
    carried = st.frozensets(st.integers(0, size - 1), min_size=2)
    return size, draw(st.lists(carried, min_size=size // 2, max_size=8))


def links_of(messages: Messages) -> list[Link]:
    counts = Counter(messages)
    return [Link(tuple(sorted(codes)), count, (1, messages.index(codes))) for codes, count in counts.items()]


def groups(size: int, messages: Messages, without: int | None = None) -> list[set[Identifier]]:
    """The identifiers that hang together, all of them, or without one."""
    left = [frozenset(("i", str(code)) for code in codes if code != without) for codes in messages]
    alone = [frozenset((("i", str(code)),)) for code in range(size) if code != without]
    return [group for group in explainer.together([("", codes) for codes in alone + left]) if group]


@given(profiles())
@settings(max_examples=300)
def test_no_fewer_messages_split_a_profile(profile: tuple[int, Messages]) -> None:
    size, messages = profile
    cut = weakest(size, links_of(messages))
    assert cut is not None
    named = [("", frozenset(("i", str(code)) for code in codes)) for codes in messages]
    assert cut.messages == explainer.fewest(named, {("i", str(code)) for code in range(size)})
    gone = [links_of(messages)[place].codes for place in cut.links]
    left = [codes for codes in messages if tuple(sorted(codes)) not in gone]
    assert len(messages) - len(left) == cut.messages
    apart = {("i", str(code)) for code in cut.part}
    assert 0 < len(apart) <= size / 2 or cut.messages < 2
    assert all(group <= apart or not group & apart for group in groups(size, left))


@pytest.mark.parametrize("widest", [2, 3, 5])
def test_no_fewer_messages_split_a_profile_that_hangs_together_well(widest: int) -> None:
    """Dense enough that no single message holds it, in all the ways that such a cut is found."""
    least: Counter[int] = Counter()
    for seed in range(150):
        random = Random(seed)
        size = random.randint(4, 6)
        messages = [
            frozenset(random.sample(range(size), random.randint(2, min(widest, size)))) for _ in range(9)
        ]
        cut = weakest(size, links_of(messages))
        assert cut is not None
        named = [("", frozenset(("i", str(code)) for code in codes)) for codes in messages]
        assert cut.messages == explainer.fewest(named, {("i", str(code)) for code in range(size)}), seed
        least[cut.messages] += 1
    assert sum(count for messages, count in least.items() if messages > 1) > 75


@given(profiles())
@settings(max_examples=200)
def test_what_a_node_alone_holds_together(profile: tuple[int, Messages]) -> None:
    size, messages = profile
    links = links_of(messages)
    mine = {
        code: group for group in groups(size, messages) for code in range(size) if ("i", str(code)) in group
    }
    for node, parts in enumerate(split_at(size, links)):
        if node < size:
            left = groups(size, messages, without=node)
            around = mine[node] - {("i", str(node))}
        else:
            left = groups(
                size, [codes for codes in messages if tuple(sorted(codes)) != links[node - size].codes]
            )
            around = mine[links[node - size].codes[0]]
        sizes = sorted((len(group) for group in left if group <= around), reverse=True)
        assert [parts.largest, parts.second] == [*sizes, 0, 0][:2]


def test_of_single_messages_the_one_that_splits_most_evenly_counts() -> None:
    path = [Link((code, code + 1), 1, (1, code)) for code in range(7)]
    assert weakest(8, path) == Cut(1, (3,), frozenset({4, 5, 6, 7}))
    assert [place for place, _ in single(8, path)] == [3, 2, 4, 1, 5, 0, 6]
    assert [off for _, off in single(8, path)] == [4, 3, 3, 2, 2, 1, 1]


def test_a_link_that_several_messages_say_holds_as_often() -> None:
    assert weakest(3, [Link((0, 1), 5, (1, 0)), Link((1, 2), 3, (1, 1))]) == Cut(3, (1,), frozenset({2}))


def test_a_single_identifier_cannot_be_split() -> None:
    assert weakest(1, []) is None


def test_parts_that_no_message_joins_any_more_stand_apart_already() -> None:
    assert weakest(3, [Link((0, 1), 2, (1, 0))]) == Cut(0, (), frozenset({2}))


def test_large_profiles_are_cut_in_time() -> None:
    """A ring is the worst there is: no two of its identifiers are tied closely enough to be taken for one."""
    ring = [Link(tuple(sorted((code, (code + 1) % 200))), 1, (1, code)) for code in range(200)]
    cut = weakest(200, ring)
    assert cut is not None
    assert cut.messages == 2
    star = [Link((0, code), 2, (1, code)) for code in range(1, 1000)]
    assert weakest(1000, star) == Cut(2, (0,), frozenset({1}))
