"""What must hold before the journey goes on: queries of `sql/checks`, which must return no row."""

import dagster as dg

from pipelines.assets.metadata import markdown
from pipelines.assets.space import SpaceResource, readable
from pipelines.steps.checks import description, names, violations
from pipelines.steps.findings import counts
from pipelines.steps.reading import reading
from pipelines.steps.report import look

GUARDED = {
    "rows_accounted": "messages",
    "graph_is_sound": "graph",
    "limits_hold": "graph",
    "limits_held_then": "updates",
    "mapping_rows_are_unique": "updates",
    "merges_are_recursive": "updates",
    "seq_grows": "updates",
    "update_keys_unique": "updates",
    "events_have_tables": "events",
    "messages_are_unique": "events",
    "segment_ids_resolve": "events",
}
"""The asset each check guards; one that is not listed guards the profiles."""


def guard(name: str, asset: str) -> dg.AssetChecksDefinition:
    """The query `sql/checks/<name>.sql` as a check: nothing after `asset` happens unless it holds."""

    @dg.asset_check(name=name, asset=asset, blocking=True, description=description(name))
    def check(space: SpaceResource) -> dg.AssetCheckResult:
        with readable(), reading(space.read()) as con:
            rows = violations(con, name)
        return dg.AssetCheckResult(
            passed=rows == 0, metadata={"rows": rows, "query": f"sql/checks/{name}.sql"}
        )

    return check


@dg.asset_check(
    asset="traits", blocking=True, description="All checks once more, now that traits changed the tables."
)
def tables_still_hold(space: SpaceResource) -> dg.AssetCheckResult:
    """Let nothing be published that breaks a rule."""
    with readable(), reading(space.read()) as con:
        found = {name: violations(con, name) for name in names()}
    shown = markdown(("check", "rows"), found.items())
    return dg.AssetCheckResult(passed=not any(found.values()), metadata={"rows": shown})


@dg.asset_check(asset="traits", description="Every trait could be made; one that fails keeps its values.")
def traits_worked(space: SpaceResource) -> dg.AssetCheckResult:
    """Tell of traits that failed, and go on: all others are right."""
    with readable(), reading(space.read()) as con:
        failed = look(con, "failed_traits")
    shown = markdown(("trait", "kind", "outcome"), failed)
    return dg.AssetCheckResult(passed=not failed, metadata={"failed": shown})


@dg.asset_check(
    asset="traits",
    name="radar",
    blocking=True,
    description="Nothing is suspicious; nothing is published when something is beyond what blocks.",
)
def clear_radar(space: SpaceResource) -> dg.AssetCheckResult:
    """Warn of what the radar has found; fail if the space file says that it blocks."""
    with readable(), reading(space.read()) as con:
        found = counts(con)
    blocks = any(severity == "block" for severity, _, _ in found)
    return dg.AssetCheckResult(
        passed=not found,
        severity=dg.AssetCheckSeverity.ERROR if blocks else dg.AssetCheckSeverity.WARN,
        metadata={"found": markdown(("severity", "kind", "findings"), found)},
    )


all_checks = [
    *(guard(name, GUARDED.get(name, "profiles")) for name in names()),
    tables_still_hold,
    traits_worked,
    clear_radar,
]
