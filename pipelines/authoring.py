"""A space file as it is written: the keys it may hold, what they mean, what they default to.

The resolved form, with every default filled in, is `pipelines.space`. What a single value may be is said in
`pipelines.values`; checks that compare several are in `pipelines.config`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from pipelines import wellknown
from pipelines.rules import Normalize, Window
from pipelines.space import TraitHistory
from pipelines.values import (
    Character,
    ColumnType,
    Duration,
    Encoding,
    Location,
    Memory,
    Name,
    Pattern,
    Region,
    Text,
    Time,
    TraitKey,
    TypeName,
    Whole,
)


class Form(BaseModel):
    """Base of all forms: an unknown key is a fault, not something to pass over."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


def _short(key: str) -> Callable[[object], object]:
    """A form may be written as the value of its main key: `source: web` for `source: {name: web}`."""
    return lambda value: value if isinstance(value, dict) else {key: value}


class ResourcesForm(Form):
    """What the job may use."""

    threads: Annotated[Whole, Field(ge=1)] | None = None
    """Threads of DuckDB; all cores if absent."""
    memory: Memory | None = None
    """Memory of the job, such as 8GB: DuckDB spills beyond its part, a batch beyond the rest is cut."""
    temp: Text | None = None
    """Folder to spill to."""


class SourceForm(Form):
    """Where messages come from, as the tables show it; `source: web` sets all three."""

    name: Text
    """Name for people (`triggering_event_source_name`)."""
    id: Text | None = None
    """Its id (`event_source_id`); the name if absent."""
    slug: Text | None = None
    """Short name for machines; the name if absent."""


Source = Annotated[SourceForm, BeforeValidator(_short("name"), json_schema_input_type=str | SourceForm)]


class EventsForm(Form):
    """Files of events in the form of Segment calls."""

    path: Text
    """File or pattern (`*`, `**`, `?`), relative to the space file."""
    source: Source | None = None
    """Source of the events; `events` if absent."""


class ProfilesForm(Form):
    """CSV uploads of profiles."""

    path: Text
    """File or pattern (`*`, `**`, `?`), relative to the space file."""
    source: Source | None = None
    """Source of the rows; `profiles` if absent."""
    timestamp: Text | None = None
    """Column that holds the time of each row."""
    as_of: Time | None = None
    """Time of all rows; the batch's time if absent."""
    types: dict[Text, ColumnType] = {}
    """Types of columns; a column not listed is text, and a date is a timestamp at midnight UTC."""
    columns: dict[Text, Text] = {}
    """Names to use instead of headers."""
    delimiter: Character = ","
    """Character between cells."""
    quote: Character = '"'
    """Character around cells that hold a delimiter."""
    escape: Character = '"'
    """Character before a quote inside quotes."""
    encoding: Encoding = "utf-8"
    """Encoding of the files."""


Profiles = Annotated[ProfilesForm, BeforeValidator(_short("path"), json_schema_input_type=str | ProfilesForm)]
Events = Annotated[EventsForm, BeforeValidator(_short("path"), json_schema_input_type=str | EventsForm)]


class InputsForm(Form):
    """The files to take."""

    profiles: list[Profiles] = []
    """CSV uploads of profiles; an entry may be just the path."""
    events: list[Events] = []
    """Files of events; an entry may be just the path."""


class BlockedForm(Form):
    """Values that are never identifiers."""

    exact: list[str] = []
    """Values as they stand."""
    patterns: list[Pattern] = []
    """Regular expressions (RE2), searched anywhere in the value."""


def _exact(value: object) -> object:
    return {"exact": value} if isinstance(value, list) else value


OwnBlocked = Annotated[BlockedForm, BeforeValidator(_exact, json_schema_input_type=list[str] | BlockedForm)]


class IdentifierForm(Form):
    """A type of identifier and its limits."""

    type: TypeName
    """Name of the type, such as email."""
    limit: Annotated[Whole, Field(ge=1)] | None = None
    """How many values one profile may hold; 1 for user_id, 5 otherwise if absent."""
    window: Window = "ever"
    """Time within which the limit counts."""
    normalize: Normalize = "none"
    """What is done to a value before it is compared."""
    blocked: OwnBlocked = BlockedForm()
    """Values of this type to block besides the space's; a list is a list of exact values."""
    locations: list[Location] = []
    """Places to read it from besides the usual ones, such as properties.email."""
    region: Region | None = None
    """Country of telephone numbers without one, with `normalize: e164`."""


class IdentityForm(Form):
    """How messages become profiles."""

    identifiers: Annotated[list[IdentifierForm], Field(min_length=1)] | None = None
    """Types of identifiers, strongest first; the out-of-the-box types if absent."""
    blocked: BlockedForm | None = None
    """Values to block for every type; the recommended list if absent, `{}` for none."""
    merge_limit: Annotated[Whole, Field(ge=1, le=wellknown.HIGHEST_CAP)] = wellknown.MERGE_LIMIT
    """How many profiles may be merged into one."""
    mapping_limit: Annotated[Whole, Field(ge=1, le=wellknown.HIGHEST_CAP)] = wellknown.MAPPING_LIMIT
    """How many identifiers one profile may hold."""


class ThresholdsForm(Form):
    """Numbers from which on something is suspicious."""

    profile_size: Annotated[Whole, Field(ge=1)] | None = None
    """Identifiers of one profile."""
    growth: Annotated[Whole, Field(ge=1)] | None = None
    """Identifiers that one profile gained by the newest batch of files."""
    bridge: Annotated[Whole, Field(ge=1)] | None = None
    """Identifiers in the lesser part of a profile of `profile_size` that one identifier alone holds there."""
    shared: Annotated[Whole, Field(ge=1)] | None = None
    """Profiles whose messages had to drop one and the same identifier."""


class RadarForm(Form):
    """When profiles and identifiers are suspicious."""

    warn: ThresholdsForm = ThresholdsForm()
    """From when on they are listed; 50, 20, 10 and 10 if absent."""
    block: ThresholdsForm = ThresholdsForm()
    """From when on nothing is published; never if absent."""


class ChecksForm(Form):
    """What is looked at after a batch."""

    radar: RadarForm = RadarForm()
    """Suspicious profiles and identifiers."""


class _ComputedForm(Form):
    name: Text
    """Name of the trait."""
    key: TraitKey | None = None
    """Name of its column; the snake case of its name if absent."""
    call: Literal["track", "page", "screen"] = "track"
    """Kind of call to look at."""
    event: Text | None = None
    """Name of the event, page or screen; every page or screen if absent."""
    window: Duration | None = None
    """How far back to look, such as 90 days; all history if absent."""
    where: dict[str, Any] | list[Any] | None = None  # Any: conditions have a form of their own.
    """Conditions on the event's properties (see `pipelines.conditions`); a list means all of them."""


class EventCounterForm(_ComputedForm):
    """How many times an event happened."""

    type: Literal["event_counter"]


class LastForm(_ComputedForm):
    """The last value of a property seen on an event."""

    type: Literal["last"]
    property: Text
    """Name of the property."""


class TraitsForm(Form):
    """Traits made from events and tables."""

    computed: list[Annotated[EventCounterForm | LastForm, Field(discriminator="type")]] = []
    """Traits made from events."""
    sql: list[Text] = []
    """Files or patterns of SQL traits, relative to the space file."""


class SpaceForm(Form):
    """A space: one customer graph."""

    space: Name
    """Name of the space and of its schema."""
    store: Text
    """DuckDB file of the space, relative to the space file."""
    resources: ResourcesForm = ResourcesForm()
    """What the job may use."""
    inputs: InputsForm = InputsForm()
    """The files to take."""
    identity: IdentityForm = IdentityForm()
    """How messages become profiles."""
    checks: ChecksForm = ChecksForm()
    """What is looked at after a batch."""
    traits: TraitsForm = TraitsForm()
    """Traits made from events and tables."""
    trait_history: TraitHistory = "every_batch"
    """Rows of profile_traits_updates: one a profile and batch that changed it, or one for every change."""
    max_future: Duration = timedelta(hours=24)
    """How far after the batch's time a message may be dated."""
    audiences: Annotated[list[Any], Field(max_length=0)] = []  # Any: none can be given yet.
    """Audiences; none can be given yet."""
    targets: Annotated[list[Any], Field(max_length=0)] = []  # Any: none can be given yet.
    """Other warehouses; none can be given yet."""
