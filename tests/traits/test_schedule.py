"""When SQL traits are due."""

from __future__ import annotations

from datetime import datetime

import pytest

from pipelines.traits.schedule import DEFAULT_SCHEDULE, is_due, schedule_fault


@pytest.mark.parametrize(
    ("last", "now", "due"),
    [
        (None, "2026-03-01T12:00", True),
        ("2026-03-01T12:00", "2026-03-01T12:00", False),
        ("2026-03-01T12:00", "2026-03-01T11:00", False),
        ("2026-03-01T12:00", "2026-03-01T23:59", False),
        ("2026-03-01T12:00", "2026-03-02T00:00", True),
        ("2026-03-01T11:59", "2026-03-01T12:00", True),
        ("2026-03-01T12:00:00.000001", "2026-03-01T13:00", False),
        ("2026-03-01T12:00", "2027-03-02T00:00", True),
    ],
)
def test_twice_a_day_by_default(last: str | None, now: str, due: object) -> None:
    before = None if last is None else datetime.fromisoformat(last)
    assert is_due(DEFAULT_SCHEDULE, before, datetime.fromisoformat(now)) is due


@pytest.mark.parametrize("cron", ["0 * * * *", "59 * * * *", "0 6 * * 1", "@daily", "0 0 29 2 *"])
def test_at_most_hourly(cron: str) -> None:
    assert schedule_fault(cron) is None


@pytest.mark.parametrize(
    "cron",
    [
        "* * * * *",
        "*/30 * * * *",
        "0,59 * * * *",
        "59 0 * * *,0 1 * * *",
        "0 0 0 * * *",
        "now",
        "",
        "@reboot",
    ],
)
def test_not_a_schedule(cron: str) -> None:
    assert schedule_fault(cron) is not None
