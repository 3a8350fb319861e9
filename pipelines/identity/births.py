"""The segment ids of created profiles: made of the message and the identifier that created them.

Source: design section 5: SHA-1 of space, collection, message id, type and value, joined by NUL, in base 62.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines import sha1
from pipelines.identity.graph import NONE, Integers, Longs
from pipelines.identity.mentions import Mentions
from pipelines.ids import Bytes, empty_ids, id_array, string_buffers, write_base62


def segment_ids(
    message_ids: Iterable[tuple[Integers, pa.StringArray]],
    mentions: Mentions,
    creators: tuple[Integers, Integers],
    collection: str,
    prefix: str,
) -> pa.LargeStringArray:
    """The id of each created profile.

    `message_ids`: ordinals and ids of the messages, in batches of any order; a negative ordinal is passed
    over. `creators`: per profile the ordinal of its message and its strongest identifier. `collection`: what
    comes before the message id: space and collection.
    """
    message, code = creators
    ids = empty_ids(len(message), prefix)
    profile = np.full(len(mentions), NONE, dtype=np.int32)
    profile[message] = np.arange(len(message), dtype=np.int32)
    values = pa.concat_arrays([pa.array([], pa.large_string()), *mentions.values])
    strongest = _Identifiers(
        code,
        mentions.kinds(code),
        *_texts([rule.type for rule in mentions.rules]),
        np.frombuffer(values.buffers()[1], dtype=np.int64),
        np.frombuffer(values.buffers()[2] or b"\0", dtype=np.uint8),
    )
    head = np.frombuffer(collection.encode() + b"\0", dtype=np.uint8)
    longest = len(head) + _longest(strongest.type_bounds) + _longest(strongest.bounds) + 2
    for ordinals, given in message_ids:
        bounds, text = string_buffers(given)
        room = sha1.room(longest + _longest(bounds))
        _stamp(ordinals, (bounds, text), profile, strongest, head, room, ids, len(prefix))
    return id_array(ids)


class _Identifiers(NamedTuple):
    """The strongest identifier of each profile, by its code, and the text of all types and values."""

    code: Integers
    kind: Integers
    type_bounds: Longs
    type_text: Bytes
    bounds: Longs
    text: Bytes


def _texts(names: list[str]) -> tuple[Longs, Bytes]:
    """Texts as bounds and bytes."""
    encoded = [name.encode() for name in names]
    bounds = np.cumsum([0, *map(len, encoded)], dtype=np.int64)
    return bounds, np.frombuffer(b"".join(encoded) or b"\0", dtype=np.uint8)


def _longest(bounds: npt.NDArray[np.int32] | Longs) -> int:
    return int(np.diff(bounds).max(initial=0))


@numba.njit(nogil=True, cache=True)
def _stamp(
    ordinals: Integers,
    messages: tuple[npt.NDArray[np.int32], Bytes],
    profile: Integers,
    strongest: _Identifiers,
    head: Bytes,
    room: Bytes,
    ids: Bytes,
    first: int,
) -> None:
    """Write the id of every profile that one of the messages created, a lane each."""
    bounds, text = messages
    born = np.empty(sha1.LANES, dtype=np.int32)
    size = np.zeros(sha1.LANES, dtype=np.int64)
    digest = np.empty((sha1.WORDS, sha1.LANES), dtype=np.uint32)
    lane = 0
    for row in range(len(ordinals)):
        if ordinals[row] < 0 or profile[ordinals[row]] == NONE:
            continue
        one = profile[ordinals[row]]
        born[lane] = one
        kind, code = strongest.kind[one], strongest.code[one]
        end = _copy(head, 0, len(head), room, lane, 0)
        end = _copy(text, bounds[row], bounds[row + 1], room, lane, end) + 1
        room[lane, end - 1] = 0
        end = (
            _copy(
                strongest.type_text,
                strongest.type_bounds[kind],
                strongest.type_bounds[kind + 1],
                room,
                lane,
                end,
            )
            + 1
        )
        room[lane, end - 1] = 0
        size[lane] = _copy(
            strongest.text, strongest.bounds[code], strongest.bounds[code + 1], room, lane, end
        )
        lane += 1
        if lane == sha1.LANES:
            _write(room, size, digest, born[:lane], ids, first)
            lane = 0
    _write(room, size, digest, born[:lane], ids, first)


@numba.njit(nogil=True, cache=True, inline="always")
def _copy(source: Bytes, begin: int, end: int, room: Bytes, lane: int, first: int) -> int:
    """Copy some bytes into a row; returns where they end."""
    target, place = np.uint64(first), np.uint64(begin)
    for _ in range(np.uint64(end - begin)):
        room[lane, target] = source[place]
        target += np.uint64(1)
        place += np.uint64(1)
    return first + end - begin


@numba.njit(nogil=True, cache=True)
def _write(
    room: Bytes, size: Longs, digest: npt.NDArray[np.uint32], born: Integers, ids: Bytes, first: int
) -> None:
    words = np.empty(sha1.WORDS, dtype=np.uint64)
    if len(born):
        sha1.digests(room, size, digest)
    for lane in range(len(born)):
        for word in range(sha1.WORDS):
            words[word] = digest[word, lane]
        write_base62(words, ids, born[lane], first)
