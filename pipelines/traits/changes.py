"""What changed since values were last sent. Statements for the step to run, inside its transaction.

`trait_values` and `trait_rows` in schema `state` hold what was sent last. New values are compared with
them; the difference goes to `trait_changes` (computed) and `trait_row_changes` (SQL), temporary tables, and
from there back into the memory and on to the messages. Whatever did not change is touched nowhere.
"""

from __future__ import annotations

from pipelines.sqlfiles import Statement

TABLES = (
    Statement("create or replace temp table trait_changes (trait integer, profile bigint, value varchar)"),
    Statement(
        "create or replace temp table trait_row_changes"
        " (trait integer, id_type varchar, id_value varchar, traits varchar, is_sent boolean)"
    ),
)
"""Temporary tables for the changes of one run, both empty. Values are JSON; a JSON null removes a trait."""

COUNTS = """
    select trait, count(*)
    from (
        select trait from trait_changes
        union all
        select trait from trait_row_changes where is_sent
    )
    group by trait
    """
"""The query for the number of messages by trait."""

_FOLD = """
    create or replace temp table trait_folds as
    select distinct sent.trait, moved.canonical as profile
    from state.trait_values sent join state.profiles moved using (profile)
    where moved.canonical <> moved.profile
    """

FOLD_MERGED = (
    Statement(_FOLD, label="traits of merged profiles"),
    Statement(
        "delete from state.trait_values sent using state.profiles moved"
        " where moved.profile = sent.profile and moved.canonical <> moved.profile"
    ),
    Statement(
        "delete from state.trait_values sent using trait_folds fold"
        " where sent.trait = fold.trait and sent.profile = fold.profile"
    ),
    Statement("insert into state.trait_values select trait, profile, null from trait_folds"),
    Statement("drop table trait_folds"),
)
"""A profile merged away leaves its survivor marked, trait by trait, to be sent again: which of the two values
the survivor shows depends on when each was sent.
"""


def computed_changes(trait: int, scan: str | None, column: str, gone: str) -> Statement:
    """Compare a trait's values, in a column of the temporary table `scan` (None: no event yet), with those
    last sent.

    `gone` is the JSON for profiles that have no value any more.
    """
    found = (
        f"select profile, {column} as value from {scan} where {column} is not null"
        if scan
        else "select cast(null as bigint) as profile, cast(null as varchar) as value where false"
    )
    return Statement(
        f"""
        insert into trait_changes
        with found as ({found}),
             sent as (select profile, value from state.trait_values where trait = $trait)
        select $trait, coalesce(found.profile, sent.profile), coalesce(found.value, $gone)
        from found full join sent using (profile)
        where sent.profile is null or sent.value is null
           or sent.value is distinct from coalesce(found.value, $gone)
        """,
        {"trait": trait, "gone": gone},
        "compare computed traits",
    )


REMEMBER = (
    Statement(
        "delete from state.trait_values sent using trait_changes new"
        " where sent.trait = new.trait and sent.profile = new.profile"
    ),
    Statement("insert into state.trait_values from trait_changes"),
    Statement(
        "delete from state.trait_rows sent using trait_row_changes new"
        " where sent.trait = new.trait and sent.id_type = new.id_type and sent.id_value = new.id_value"
    ),
    Statement("insert into state.trait_rows select trait, id_type, id_value, traits from trait_row_changes"),
)
"""What was sent becomes what is remembered: nulls too, since after a merge they may be the newest."""


def forget(traits: list[int]) -> tuple[Statement, ...]:
    """Forget traits that are no longer declared: their last values stay on profiles, and one that comes
    back is new.

    Source: specification, section 1.
    """
    return tuple(
        Statement(
            f"delete from state.{table} where trait in (select unnest($traits::integer[]))",
            {"traits": traits},
        )
        for table in ("trait_runs", "trait_values", "trait_rows")
    )
