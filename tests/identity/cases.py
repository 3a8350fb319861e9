"""Cases of identity resolution as data: how `tests/cases/identity/*.yaml` is written.

A case has a title and steps, each one of

- `batch`: messages, each `{id, at, <identifiers>}`, or `{id, at, to: P1}` for one addressed to a profile.
  `at` is UTC; without it a message comes a minute after the one before. Identifiers are `type: value` or
  `type: [values]` in position order, with the short names u (user_id), e (email) and a (anonymous_id);
- `rules`: an `identity` section, in force from there on;
- `remove`: an identifier to forget, as a deletion does.

`rules` of the case are in force at its start; without them the out-of-the-box rules are. Expected are

- `owners`: the profile each message is stamped with. Profiles are called P1, P2 ... in order of creation;
- `graph`: `<message> <profile> <canonical>`, the rows of `id_graph_updates` in order;
- `profiles`: the identifiers of every canonical profile in the end;
- `log`: [message, identifier, violated type, reason, profile]; none if it is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import yaml

from pipelines.config import load_space
from pipelines.rules import Rules
from tests.oracles.records import Identifier, Message, Note, Outcome

FOLDER = Path(__file__).parents[1] / "cases" / "identity"
SHORT = {"u": "user_id", "e": "email", "a": "anonymous_id"}
_START = datetime.fromisoformat("2024-01-01")


class Graph(Protocol):
    """What a case is played on: the plain resolver, or the compiled replay and a state."""

    rules: Rules

    def resolve(self, batch: list[Message]) -> Outcome:
        """Resolve the next batch."""

    def remove(self, identifier: Identifier) -> None:
        """Forget an identifier."""

    def holdings(self) -> dict[int, set[Identifier]]:
        """The identifiers of every canonical profile."""


@dataclass(frozen=True, slots=True)
class Case:
    """One case as it was read."""

    title: str
    rules: dict[str, Any] | None  # Any: an `identity` section as its author wrote it
    steps: tuple[dict[str, Any], ...]
    owners: dict[str, str | None]
    graph: list[str]
    profiles: dict[str, set[Identifier]]
    log: list[Note]


def cases() -> Iterator[Case]:
    """All cases, file by file."""
    for file in sorted(FOLDER.glob("*.yaml")):
        for entry in yaml.safe_load(file.read_text()):
            yield Case(
                title=entry["title"],
                rules=entry.get("rules"),
                steps=tuple(entry["steps"]),
                owners=entry["owners"],
                graph=entry["graph"],
                profiles={
                    name: {_identifier(text) for text in held} for name, held in entry["profiles"].items()
                },
                log=[_note(row) for row in entry.get("log", [])],
            )


def play(case: Case, graph: Graph, folder: Path) -> list[Outcome]:
    """Run the steps of a case on a graph; `folder` is for a space file that carries the rules."""
    outcomes = []
    time = _START
    for step in case.steps:
        if "rules" in step:
            graph.rules = read_rules(step["rules"], folder)
        elif "remove" in step:
            for type_, value in step["remove"].items():
                graph.remove((SHORT.get(type_, type_), value))
        else:
            batch = []
            for entry in step["batch"]:
                time = _time(entry["at"]) if "at" in entry else time + timedelta(minutes=1)
                batch.append(_message(entry, time))
            outcomes.append(graph.resolve(batch))
    return outcomes


def read_rules(section: dict[str, Any] | None, folder: Path) -> Rules:
    """The resolved form of an `identity` section; None is a space file without one."""
    file = folder / "space.yaml"
    space: dict[str, Any] = {"space": "cases", "store": "store.duckdb", "inputs": {"events": ["*.jsonl"]}}
    file.write_text(yaml.safe_dump(space if section is None else space | {"identity": section}))
    return load_space(file).identity


def profile_name(profile: int | None) -> str | None:
    """P1 for the profile created first."""
    return None if profile is None else f"P{profile}"


def _message(entry: dict[str, Any], time: datetime) -> Message:
    mentions = []
    for key, given in entry.items():
        if key not in ("id", "at", "to"):
            values = given if isinstance(given, list) else [given]
            mentions += [(SHORT.get(key, key), str(value)) for value in values]
    addressee = int(entry["to"].removeprefix("P")) if "to" in entry else None
    return Message(entry["id"], time, tuple(mentions), addressee)


def _time(written: Any) -> datetime:  # Any: YAML makes a date of a day and a datetime of a time
    time = datetime.fromisoformat(str(written))
    return time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time


def _identifier(text: str) -> Identifier:
    type_, _, value = text.partition("=")
    return SHORT.get(type_, type_), value


def _note(row: list[Any]) -> Note:
    message, identifier, violated, reason, profile = row
    return Note(
        message,
        None if identifier is None else _identifier(identifier),
        violated,
        reason,
        None if profile is None else int(profile.removeprefix("P")),
    )
