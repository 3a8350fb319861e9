"""A history of every change: against the plain story, against the default, rebuilt, and shuffled."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.config import load_space
from pipelines.steps.checks import names, violations
from pipelines.steps.rebuild import rebuild
from tests.e2e.fingerprint import Print, fingerprint
from tests.oracles.traits import Snapshot, Story, Told
from tests.profiles.stories import opened, play

CHANGE = "every_change"
Batches = list[list[dict[str, Any]]]  # Any: JSON


@pytest.mark.parametrize("seed", range(6))
def test_every_change_is_told_as_the_plain_story_has_it(seed: int, tmp_path: Path) -> None:
    batches = drawn(seed)
    by_change, by_batch = (tmp_path / name for name in (CHANGE, "every_batch"))
    with opened(played(by_change, batches)) as con:
        story = Story()
        for number, told in resolved(con, batches):
            story.batch(number, told)
        assert list(snapshots(con)) == story.snapshots
        assert [name for name in names() if violations(con, name)] == []
        last = last_rows(con)
    with opened(played(by_batch, batches, "every_batch")) as con:
        assert last_rows(con) == last
    prints, default = tables(by_change), tables(by_batch)
    assert prints.pop("profile_traits_updates").rows >= default.pop("profile_traits_updates").rows
    assert prints == default


def test_rebuilt_and_shuffled_it_is_the_same(tmp_path: Path) -> None:
    batches = drawn(5)
    played(tmp_path / "plain", batches)
    chance = random.Random(5)
    played(tmp_path / "shuffled", [chance.sample(batch, len(batch)) for batch in batches])
    assert tables(tmp_path / "shuffled") == tables(tmp_path / "plain")
    rebuild(load_space(tmp_path / "shuffled" / "space.yaml"))
    assert tables(tmp_path / "shuffled") == tables(tmp_path / "plain")


def test_a_batch_keeps_the_history_it_was_opened_with(tmp_path: Path) -> None:
    batches = drawn(3)
    histories = (CHANGE, "every_batch", CHANGE, "every_batch")
    play(
        tmp_path,
        [{"events": batch, "history": kind} for batch, kind in zip(batches, histories, strict=True)],
    )
    before = tables(tmp_path)
    for part in tmp_path.glob("store.sets/*/*.parquet"):  # as an older version wrote them
        older = f"select * exclude (times) from '{part}' order by row"
        duckdb.execute(f"copy ({older}) to '{part}.new' (format parquet)")
        Path(f"{part}.new").replace(part)
    rebuild(load_space(tmp_path / "space.yaml"))
    assert tables(tmp_path) == before


def drawn(seed: int) -> Batches:
    """Batches of identify and page calls of a few people: merges, removals, late and equal times."""
    chance = random.Random(seed)
    sizes = [chance.randint(1, 30) for _ in range(4)]
    return [
        [_message(chance, f"{number}-{one:02}") for one in range(size)] for number, size in enumerate(sizes)
    ]


def _message(chance: random.Random, name: str) -> dict[str, Any]:
    when = f"2024-0{chance.randint(1, 3)}-0{chance.randint(1, 9)}T00:00:00Z"
    made: dict[str, Any] = {"type": "identify", "messageId": name, "timestamp": when}
    made["anonymousId"] = f"a{chance.randrange(9)}"
    if chance.random() < 0.35:
        made["userId"] = f"u{chance.randrange(5)}"
    if chance.random() < 0.2:
        return {**made, "type": "page"}
    values = [None, "x", "y", {"b": "x"}, {"b": None, "c": "y"}, {"b": {"d": "z"}}]
    made["traits"] = {chance.choice("apq"): chance.choice(values) for _ in range(chance.randrange(4))}
    return made


def flat(traits: dict[str, Any], path: str = "") -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for name, value in traits.items():
        found |= flat(value, f"{path}{name}_") if isinstance(value, dict) else {f"{path}{name}": value}
    return found


def played(folder: Path, batches: Batches, history: str = CHANGE) -> Path:
    folder.mkdir()
    return play(folder, [{"events": batch, "history": history} for batch in batches])


def resolved(con: duckdb.DuckDBPyConnection, batches: Batches) -> Iterator[tuple[int, list[Told]]]:
    """The batches as they resolved, message by message."""
    rows = con.execute(
        """
        with merged as (
          select batch, ordinal, any_value(canonical) as canonical, list(profile order by place) as profiles
          from state.merges group by all
        )
        select batch, ordinal, message_id, coalesce(m.canonical, o.profile), coalesce(m.profiles, [])
        from state.owners o join state.messages using (batch, row, ordinal)
        left join merged m using (batch, ordinal)
        order by batch, ordinal
        """
    ).fetchall()
    sent = {message["messageId"]: message for batch in batches for message in batch}
    for number in range(1, len(batches) + 1):
        yield (
            number,
            [
                Told(
                    ordinal,
                    datetime.fromisoformat(sent[name]["timestamp"]),
                    canonical,
                    tuple(merged),
                    flat(sent[name].get("traits", {})),
                )
                for batch, ordinal, name, canonical, merged in rows
                if batch == number
            ],
        )


def snapshots(con: duckdb.DuckDBPyConnection) -> Iterator[Snapshot]:
    """The rows of the table, in order, as the plain story writes them."""
    for seq, profile, traits in _wide(con, "profile_traits_updates", "order by seq"):
        yield Snapshot(int(seq[:7]), int(seq[7:16]), profile, traits)


def last_rows(con: duckdb.DuckDBPyConnection) -> dict[int, dict[str, str]]:
    """The last snapshot of every profile that is canonical."""
    last = "qualify row_number() over (partition by segment_id order by seq desc) = 1"
    canonical = (
        "where segment_id in (select segment_id from id_graph where segment_id = canonical_segment_id)"
    )
    rows = _wide(con, "profile_traits_updates", f"{canonical} {last}")
    return {profile: traits for _, profile, traits in rows}


def _wide(con: duckdb.DuckDBPyConnection, table: str, rest: str) -> list[tuple[str, int, dict[str, str]]]:
    profiles = dict(con.execute("select segment_id, profile from state.profiles").fetchall())
    result = con.execute(f"from {table} {rest}")
    heads = [column[0] for column in result.description or ()]
    fixed = heads.index("seq") + 1
    return [(row[fixed - 1], profiles[row[1]], _set(heads[fixed:], row[fixed:])) for row in result.fetchall()]


def _set(heads: Sequence[str], cells: Sequence[str | None]) -> dict[str, str]:
    return {head: cell for head, cell in zip(heads, cells, strict=True) if cell is not None}


def tables(folder: Path) -> dict[str, Print]:
    return fingerprint(folder / "store.duckdb", "story")
