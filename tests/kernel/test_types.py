from __future__ import annotations

from functools import reduce
from operator import or_

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.types import BIGINT, BOOLEAN, DOUBLE, TIMESTAMP, TYPES, VARCHAR, Kind, column_type, widen

KINDS = st.lists(st.sampled_from(Kind), max_size=6)


def joined(kinds: list[Kind]) -> int:
    return reduce(or_, kinds, 0)


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        (0, None),
        (Kind.NULL, None),
        (Kind.BOOL | Kind.NULL, BOOLEAN),
        (Kind.INT, BIGINT),
        (Kind.INT | Kind.BIGINT, BIGINT),
        (Kind.INT | Kind.DOUBLE, DOUBLE),
        (Kind.BIGINT | Kind.DOUBLE, VARCHAR),
        (Kind.HUGE, VARCHAR),
        (Kind.TIMESTAMP, TIMESTAMP),
        (Kind.TIMESTAMP | Kind.TEXT, VARCHAR),
        (Kind.BOOL | Kind.INT, VARCHAR),
        (Kind.ARRAY, VARCHAR),
        (Kind.OBJECT | Kind.NULL, VARCHAR),
    ],
)
def test_column_type(kinds: int, expected: str | None) -> None:
    assert column_type(kinds) == expected


@pytest.mark.parametrize(
    ("existing", "kinds", "expected"),
    [
        (BIGINT, Kind.NULL, BIGINT),
        (BIGINT, Kind.DOUBLE, DOUBLE),
        (BIGINT, Kind.DOUBLE | Kind.BIGINT, VARCHAR),
        (BIGINT, Kind.BIGINT, BIGINT),
        (DOUBLE, Kind.INT, DOUBLE),
        (DOUBLE, Kind.BIGINT, VARCHAR),
        (BOOLEAN, Kind.INT, VARCHAR),
        (TIMESTAMP, Kind.TEXT, VARCHAR),
        (VARCHAR, Kind.INT, VARCHAR),
    ],
)
def test_widen(existing: str, kinds: int, expected: str) -> None:
    assert widen(existing, kinds) == expected


def at_least(wide: str, narrow: str) -> bool:
    """Whether `wide` is `narrow` or above it in the lattice."""
    return wide in (narrow, VARCHAR) or (narrow, wide) == (BIGINT, DOUBLE)


@given(st.sampled_from(TYPES), KINDS)
def test_widening_never_narrows(existing: str, kinds: list[Kind]) -> None:
    assert at_least(widen(existing, joined(kinds)), existing)


@given(st.sampled_from(TYPES), KINDS, KINDS)
def test_more_values_never_give_a_narrower_type(existing: str, some: list[Kind], more: list[Kind]) -> None:
    assert at_least(widen(existing, joined(some + more)), widen(existing, joined(some)))


@given(KINDS.flatmap(lambda kinds: st.tuples(st.just(kinds), st.permutations(kinds))))
def test_order_of_values_in_a_batch_does_not_matter(case: tuple[list[Kind], list[Kind]]) -> None:
    kinds, shuffled = case
    assert column_type(joined(kinds)) == column_type(joined(shuffled))


@given(KINDS, KINDS)
def test_two_batches_give_the_type_of_one(first: list[Kind], second: list[Kind]) -> None:
    """Provided that the caller says of a bigint column what its type does not tell (see `widen`)."""
    existing = column_type(joined(first))
    told = joined(first) & Kind.BIGINT if existing == BIGINT else 0
    together = column_type(joined(first + second))
    assert (widen(existing, joined(second) | told) if existing else column_type(joined(second))) == together


@given(st.sampled_from(TYPES), KINDS)
def test_widening_twice_changes_nothing(existing: str, kinds: list[Kind]) -> None:
    once = widen(existing, joined(kinds))
    if once != VARCHAR and not Kind.BIGINT & joined(kinds):
        assert widen(once, joined(kinds)) == once
