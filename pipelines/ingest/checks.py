"""Which records are taken: the rules as data, first match wins.

Source: events specification, section 6; design section 4, "taken or not".

Faults of form (no JSON, a time that cannot be read, a cell of the wrong type) are found where fields are
read; what is checked here holds for calls and profile rows alike.
"""

from __future__ import annotations

from typing import NamedTuple

from pipelines.ingest.expressions import FAULT, fault, filled
from pipelines.ingest.identifiers import GROUP_ID_LENGTH, column
from pipelines.rules import Rules

CALLS = ("identify", "track", "page", "screen", "group", "alias")
MESSAGE_ID_LENGTH = 100


class Check(NamedTuple):
    """A record for which `condition` (SQL over the fields) is true is rejected with `reason`."""

    reason: str
    column: str | None
    condition: str
    expected: str


def checks(rules: Rules) -> tuple[Check, ...]:
    """All checks, in the order in which a record is told what is wrong with it."""
    declared = [f"{column(rule.type)} is null" for rule in rules.identifiers]
    nobody = " and ".join([*declared, *(f"({filled(name)}) is null" for name in ("user_id", "anonymous_id"))])
    kinds = ", ".join(f"'{call}'" for call in CALLS)
    no_group = f"({filled('group_id')}) is null"
    return (
        Check("missing_type", "type", "type is null", f"one of {', '.join(CALLS)}"),
        Check("unknown_type", "type", f"type not in ({kinds})", f"one of {', '.join(CALLS)}"),
        Check("bad_message_id", "messageId", "odd_message_id", "a string or an integer"),
        Check(
            "message_id_too_long",
            "messageId",
            f"length(message_id) > {MESSAGE_ID_LENGTH}",
            f"at most {MESSAGE_ID_LENGTH} characters",
        ),
        Check(
            "missing_event",
            "event",
            "type = 'track' and coalesce(trim(event), '') = ''",
            "the name of what was done",
        ),
        Check("empty_group_id", "groupId", f"type = 'group' and {no_group}", "the id of the group"),
        Check(
            "empty_group_id",
            "context.groupId",
            f"type = 'track' and context_group_id is not null and ({filled('context_group_id')}) is null",
            "the id of the group, or no groupId",
        ),
        Check(
            "group_id_too_long",
            "groupId",
            f"length(group_id) > {GROUP_ID_LENGTH}",
            f"at most {GROUP_ID_LENGTH} characters",
        ),
        Check(
            "group_id_too_long",
            "context.groupId",
            f"length(context_group_id) > {GROUP_ID_LENGTH}",
            f"at most {GROUP_ID_LENGTH} characters",
        ),
        Check("timestamp_too_old", "timestamp", "time < timestamp '1970-01-01'", "a time since 1970"),
        Check(
            "timestamp_in_future",
            "timestamp",
            "time > $latest::timestamp",
            "a time not later than `max_future` after the load",
        ),
        Check(
            "no_identifier",
            None,
            nobody,
            "a userId, an anonymousId or a value of a declared identifier type",
        ),
    )


def verdict(rules: Rules) -> str:
    """SQL of type `expressions.FAULT`: why the record is rejected, NULL if it is not.

    A filtered record is not looked at further: its sender did not want it here.
    """
    cases = ["when fault is not null then fault", f"when filtered then null::{FAULT}"]
    cases += [
        f"when {check.condition} then {fault(check.reason, check.column, check.expected)}"
        for check in checks(rules)
    ]
    return "case " + "\n      ".join(cases) + " end"
