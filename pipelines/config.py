"""The configuration's front door: `load_space` turns a space file into a checked, resolved `Space`.

On the way: `yamlfile` reads values with their places, `authoring` says which keys and values are allowed,
`formfaults` words what is wrong, `spacechecks` compares values with each other; here defaults are filled in.
All faults of a file are reported together.
"""

from __future__ import annotations

import glob
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from pipelines import naming, wellknown
from pipelines.authoring import (
    BlockedForm,
    EventsForm,
    IdentifierForm,
    IdentityForm,
    LastForm,
    ProfilesForm,
    RadarForm,
    SourceForm,
    SpaceForm,
    TraitsForm,
)
from pipelines.errors import ConfigError
from pipelines.formfaults import note_faults
from pipelines.phones import e164
from pipelines.rules import Blocked, IdentifierRule, Rules
from pipelines.space import ComputedTrait, Input, Radar, Resources, Space, Thresholds
from pipelines.spacechecks import CHECKS, absolute
from pipelines.yamlfile import read_yaml

__all__ = [
    "Blocked",
    "ComputedTrait",
    "IdentifierRule",
    "Input",
    "Radar",
    "Resources",
    "Rules",
    "Space",
    "Thresholds",
    "load_space",
    "schema",
]


def load_space(path: Path, environ: Mapping[str, str] = os.environ) -> Space:
    """The space that the file at `path` describes, with all defaults filled in and all paths absolute.

    ConfigError holds every fault of the file, each with line, column, what was expected and what to do.
    `environ` is where `${NAME}` is looked up.
    """
    file = absolute(Path.cwd(), str(path))
    document = read_yaml(file, environ)
    form: SpaceForm | None = None
    try:
        form = SpaceForm.model_validate(document.values)
    except ValidationError as error:
        note_faults(document, SpaceForm, error)
    for check in CHECKS:
        check(document)
    if document.faults or form is None:
        faults = sorted(document.faults, key=lambda fault: (fault.line or 0, fault.column or 0))
        count = f"{len(faults)} faults" if len(faults) > 1 else "a fault"
        raise ConfigError(f"the space file has {count}", faults=faults)
    return _space(form, file)


def schema() -> dict[str, Any]:
    """The JSON Schema of a space file, for editors."""
    return SpaceForm.model_json_schema()


def _pattern(folder: Path, written: str) -> str:
    """An absolute glob, in which brackets in the names of the folders above are no pattern."""
    return os.path.normpath(Path(glob.escape(str(folder))) / Path(written).expanduser())


def _space(form: SpaceForm, file: Path) -> Space:
    folder = file.parent
    inputs = tuple(_inputs(form, folder))
    temp = form.resources.temp
    return Space(
        name=form.space,
        file=file,
        store=absolute(folder, form.store),
        resources=Resources(
            threads=form.resources.threads,
            memory=form.resources.memory,
            temp=absolute(folder, temp) if temp else None,
        ),
        profiles=tuple(entry for entry in inputs if entry.kind == "profiles"),
        events=tuple(entry for entry in inputs if entry.kind == "events"),
        identity=_rules(form.identity),
        computed=tuple(_computed(form.traits)),
        sql_traits=tuple(_pattern(folder, written) for written in form.traits.sql),
        trait_history=form.trait_history,
        max_future=form.max_future,
        radar=_radar(form.checks.radar),
    )


def _inputs(form: SpaceForm, folder: Path) -> Iterator[Input]:
    entries: tuple[ProfilesForm | EventsForm, ...] = (*form.inputs.profiles, *form.inputs.events)
    for order, entry in enumerate(entries):
        kind: Literal["profiles", "events"] = "profiles" if isinstance(entry, ProfilesForm) else "events"
        source = entry.source or SourceForm(name=kind)
        common = Input(
            kind=kind,
            order=order,
            pattern=entry.path,
            path=_pattern(folder, entry.path),
            source_id=source.id or source.name,
            source_name=source.name,
            source_slug=source.slug or source.name,
        )
        yield _csv(common, entry) if isinstance(entry, ProfilesForm) else common


def _csv(common: Input, entry: ProfilesForm) -> Input:
    return replace(
        common,
        timestamp=entry.timestamp,
        as_of=entry.as_of,
        types=tuple(sorted(entry.types.items())),
        columns=tuple(sorted(entry.columns.items())),
        delimiter=entry.delimiter,
        quote=entry.quote,
        escape=entry.escape,
        encoding=entry.encoding,
    )


def _rules(form: IdentityForm) -> Rules:
    declared = form.identifiers or [IdentifierForm(type=name) for name in wellknown.OUT_OF_THE_BOX]
    blocked = wellknown.RECOMMENDED_BLOCKED if form.blocked is None else _blocked(form.blocked)
    return Rules(
        identifiers=tuple(_identifier(entry, blocked) for entry in declared),
        merge_limit=form.merge_limit,
        mapping_limit=form.mapping_limit,
        blocked=blocked,
    )


def _identifier(form: IdentifierForm, everywhere: Blocked) -> IdentifierRule:
    own = _blocked(form.blocked)
    exact = (*everywhere.exact, *own.exact)
    # Values are normalised before they are compared with the list: `Anonymous` in it would never be met.
    if form.normalize == "lower":
        exact = tuple(value.lower() for value in exact)
    elif form.normalize == "e164":
        exact = (*exact, *(e164(value, form.region) for value in exact))
    return IdentifierRule(
        type=form.type,
        limit=form.limit or wellknown.default_limit(form.type),
        window=form.window,
        normalize=form.normalize,
        blocked=Blocked(_distinct(exact), _distinct((*everywhere.patterns, *own.patterns))),
        locations=wellknown.locations(form.type, tuple(form.locations)),
        collection=wellknown.collection(form.type),
        region=form.region,
    )


def _blocked(form: BlockedForm) -> Blocked:
    return Blocked(_distinct(form.exact), _distinct(form.patterns))


def _distinct(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


def _radar(form: RadarForm) -> Radar:
    warn = {name: number for name, number in form.warn if number is not None}
    block = dict(form.block)
    listed = {
        name: min(number for number in (warn.get(name, preset), block[name]) if number is not None)
        for name, preset in asdict(Radar().warn).items()
    }
    return Radar(Thresholds(**listed), Thresholds(**block))


def _computed(form: TraitsForm) -> Iterator[ComputedTrait]:
    for trait in form.computed:
        yield ComputedTrait(
            key=trait.key or naming.column_name(trait.name),
            kind=trait.type,
            event=trait.event or "",
            call=trait.call,
            property=trait.property if isinstance(trait, LastForm) else None,
            where=_canonical(trait.where) if trait.where else None,
            window=trait.window,
            name=trait.name,
        )


def _canonical(tree: dict[str, Any] | list[Any]) -> str:
    """Conditions as JSON text with sorted keys; dates, which YAML reads as such, in ISO-8601."""
    return json.dumps(tree, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_iso)


def _iso(time: date) -> str:
    return time.isoformat()
