"""What changed in the rows of a SQL trait since they were last sent."""

from __future__ import annotations

from collections.abc import Collection

from pipelines.sqlfiles import Statement

_KEYS = "list_transform(json_keys(traits), lambda key: cast(to_json(key) as varchar) || ':null')"
_NULLS = f"'{{' || array_to_string({_KEYS}, ',') || '}}'"


def row_changes(trait: int, rows: str, followed: int, lowered: Collection[str]) -> Statement:
    """Compare a trait's rows, in the temporary table `rows` (see `rows.ROWS_COLUMNS`), with those last sent.

    A row that changed is sent, all of it. A row that is gone sends nulls, unless another row is about the
    same profile: one identifier took over from another, and nobody is gone. Where several identifiers meet
    in one profile, by that or by a merge in a batch after `followed`, its rows are sent again: what it
    shows may be the other's. A row without `traits` was too large: neither sent nor gone.

    `lowered` are the identifier types that resolution compares in lower case.
    """
    return Statement(
        f"""
        insert into trait_row_changes
        with sent as (
            select id_type, id_value, traits from state.trait_rows where trait = $trait
        ),
        found as (
            select id_type, id_value, traits from {rows}
        ),
        gone as (
            select id_type, id_value, traits, {_NULLS} as nulls
            from sent anti join found using (id_type, id_value)
        ),
        touched as (
            select mapped.profile
            from gone join state.identifiers mapped on {_same("gone")}
            where gone.traits <> gone.nulls
            union
            select owner.canonical
            from state.merges merged join state.profiles owner on owner.profile = merged.canonical
            where merged.batch > $followed
        ),
        theirs as (
            select type, value, profile from state.identifiers semi join touched using (profile)
        ),
        named as (
            select id_type, id_value, true as is_found from found
            union all
            select id_type, id_value, false from gone
        ),
        met as (
            select id_type, id_value, count(*) over profile as rows,
                   bool_or(is_found) over profile as is_found
            from named join theirs mapped on {_same("named")}
            window profile as (partition by mapped.profile)
        )
        select $trait, id_type, id_value, found.traits, true
        from found left join sent using (id_type, id_value) left join met using (id_type, id_value)
        where found.traits is not null and (found.traits is distinct from sent.traits or met.rows > 1)
        union all
        select $trait, id_type, id_value, gone.nulls, met.is_found is distinct from true
        from gone left join met using (id_type, id_value)
        where gone.traits <> gone.nulls
        """,
        {"trait": trait, "followed": followed, "lowered": sorted(lowered)},
        "compare SQL traits",
    )


def _same(rows: str) -> str:
    """Whether an identifier is that of a row; identifiers are kept as resolution normalises them."""
    is_lowered = f"list_contains($lowered::varchar[], {rows}.id_type)"
    value = f"case when {is_lowered} then lower({rows}.id_value) else {rows}.id_value end"
    return f"mapped.type = {rows}.id_type and mapped.value = {value}"
