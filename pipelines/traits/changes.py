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
        " (trait integer, id_type varchar, id_value varchar, traits varchar, gone boolean)"
    ),
)
"""Temporary tables for the changes of one run, both empty. `value` and `traits` are JSON, `value` NULL
removes.
"""

COUNTS = """
    select trait, count(*)
    from (select trait from trait_changes union all select trait from trait_row_changes)
    group by trait
    """
"""The query for the number of changes by trait."""

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


def computed_changes(trait: int, scan: str | None, column: str, gone: str | None) -> Statement:
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


def row_changes(trait: int, rows: str) -> Statement:
    """Compare a SQL trait's rows, in the temporary table `rows` (see `rows.ROWS_COLUMNS`), with those last
    sent.

    A row without `traits` was too large: not sent, and not taken for gone. A row that is gone sends nulls.
    """
    keys = "list_transform(json_keys(sent.traits), lambda key: cast(to_json(key) as varchar) || ':null')"
    nulls = f"'{{' || array_to_string({keys}, ',') || '}}'"
    return Statement(
        f"""
        insert into trait_row_changes
        with sent as (select id_type, id_value, traits from state.trait_rows where trait = $trait)
        select $trait, id_type, id_value,
               case when found.id_value is null then {nulls} else found.traits end, found.id_value is null
        from {rows} found full join sent using (id_type, id_value)
        where found.id_value is null
           or (found.traits is not null and found.traits is distinct from sent.traits)
        """,
        {"trait": trait},
        "compare SQL traits",
    )


REMEMBER = (
    Statement(
        "delete from state.trait_values sent using trait_changes new"
        " where sent.trait = new.trait and sent.profile = new.profile"
    ),
    Statement("insert into state.trait_values from trait_changes where value is not null"),
    Statement(
        "delete from state.trait_rows sent using trait_row_changes new"
        " where sent.trait = new.trait and sent.id_type = new.id_type and sent.id_value = new.id_value"
    ),
    Statement(
        "insert into state.trait_rows"
        " select trait, id_type, id_value, traits from trait_row_changes where not gone"
    ),
)
"""What was sent becomes what is remembered."""


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
