"""What holds where a space file says nothing: identifiers known out of the box, their places, blocked values.

Source: identity-resolution specification, section 2.1 (identifiers and places), 2.2 (custom identifiers),
3 (limits, priorities, recommended blocked values).
"""

from __future__ import annotations

from typing import Final

from pipelines.naming import snake
from pipelines.rules import Blocked, Collection

RECOMMENDED_BLOCKED: Final = Blocked(exact=("-1", "null", "anonymous"), patterns=("^[0-]*$",))

MERGE_LIMIT: Final = 100
MAPPING_LIMIT: Final = 1000

# Merges and mappings of one message must fit the four digits that `seq` has for them.
HIGHEST_CAP: Final = 9999


def _device(key: str, kind: str, *, tracked: bool = False) -> tuple[str, ...]:
    condition = f"type={kind}&adTrackingEnabled=true" if tracked else f"type={kind}"
    return (f"context.device.{key}?{condition}",)


_PLACES: Final[dict[str, tuple[str, ...]]] = {
    "user_id": ("userId",),
    "email": ("traits.email", "context.traits.email"),
    "android.id": _device("id", "android"),
    "android.idfa": _device("advertisingId", "android", tracked=True),
    "android.push_token": _device("token", "android"),
    "anonymous_id": ("anonymousId",),
    "ga_client_id": ('context.integrations."Google Analytics".clientId',),
    "group_id": ("groupId", "context.groupId", "context.group_id"),
    "ios.id": _device("id", "ios"),
    "ios.idfa": _device("advertisingId", "ios", tracked=True),
    "ios.push_token": _device("token", "ios"),
}

# Known as well, but only when declared: it comes with one integration.
_OPTIONAL: Final = {"braze_id": ("context.Braze.braze_id",)}

# The types of a space without a list of its own, strongest first: the order of `_PLACES`, which is
# user_id, email, then alphabetical.
OUT_OF_THE_BOX: Final = tuple(_PLACES)

# Positions of design: the later a value stands, the earlier a violated limit drops it.
_POSITIONS: Final = ("userId", "anonymousId", "groupId", "traits.", "context.traits.", "properties.")


def default_limit(identifier: str) -> int:
    """How many values of a type one profile may hold when the space file does not say."""
    return 1 if identifier == "user_id" else 5


def collection(identifier: str) -> Collection:
    """Whose identifier it is: `group_id` names accounts, every other type people."""
    return "accounts" if identifier == "group_id" else "users"


def locations(identifier: str, added: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The places a type is read from, in order of position: its known ones, or a custom type's, and `added`.

    >>> locations("email", ("properties.email",))
    ('traits.email', 'context.traits.email', 'properties.email')
    >>> locations("app_id")[:2]
    ('traits.app_id', 'traits.appId')
    """
    known = _PLACES.get(identifier) or _OPTIONAL.get(identifier) or _custom(identifier)
    return tuple(sorted(dict.fromkeys((*known, *added)), key=_position))


def _custom(identifier: str) -> tuple[str, ...]:
    """A custom type is read from its key in snake case and camel case."""
    spellings = dict.fromkeys((identifier, camel(identifier)))
    keys = [f'"{key}"' if "." in key else key for key in spellings]
    return tuple(f"{parent}.{key}" for parent in ("traits", "context.traits", "properties") for key in keys)


def camel(name: str) -> str:
    """`name` in camel case.

    >>> camel("loyalty_card_2")
    'loyaltyCard2'
    """
    first, *rest = name.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in rest)


def _position(location: str) -> int:
    families = [place for place, family in enumerate(_POSITIONS) if location.startswith(family)]
    return families[0] if families else len(_POSITIONS)


def closest_type(name: str) -> str:
    """`name` as a well-formed identifier type, for hints: `appId` is `app_id`."""
    return ".".join(snake(part) for part in name.split("."))
