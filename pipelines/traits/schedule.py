"""When a SQL trait is due: cron expressions in UTC, at most hourly. Source: specification, section 3.2."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from croniter import CroniterError, croniter

DEFAULT_SCHEDULE = "0 */12 * * *"

_SHORTEST = timedelta(hours=1)
_LOOKED_AT = 60
"""Ticks compared to find the shortest gap: two a minute, or 60 a day, show at once."""


def schedule_fault(cron: str) -> str | None:
    """What is wrong with a schedule, or None.

    >>> schedule_fault("*/15 * * * *")
    'the schedule runs more often than hourly'
    """
    if len(cron.split()) != 5 and not cron.startswith("@"):
        return "the schedule is not a cron expression of five fields"
    try:
        ticks = croniter(cron, datetime(2001, 1, 1, tzinfo=UTC))
        times = [ticks.get_next(datetime) for _ in range(_LOOKED_AT)]
    except CroniterError:
        return "the schedule is not a cron expression"
    if any(later - earlier < _SHORTEST for earlier, later in pairwise(times)):
        return "the schedule runs more often than hourly"
    return None


def is_due(cron: str, last: datetime | None, now: datetime) -> bool:
    """Whether a moment of the schedule lies in (`last`, `now`]; a trait that never ran is due. Times are
    naive UTC.
    """
    if last is None:
        return True
    if now <= last:
        return False
    tick: datetime = croniter(cron, last.replace(tzinfo=UTC)).get_next(datetime)
    return tick.replace(tzinfo=None) <= now
