"""Arrow's string views, in compiled code: 16 bytes that hold a short text, or say where a long one lies.

Layout: https://arrow.apache.org/docs/format/Columnar.html#variable-size-binary-view-layout
"""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

from pipelines.profiles.octets import EIGHT, Bytes, Place, first_bytes, word

View = npt.NDArray[np.uint64]
"""Two words."""

_HALF = np.uint64(32)
_LENGTH = np.uint64(0xFFFFFFFF)
_INLINE = 12
"""The longest text that a view holds itself."""


@numba.njit(nogil=True, cache=True)
def write_view(view: View, data: Bytes, buffer: int, start: Place, length: Place) -> None:
    """Let `view` be the text of `length` bytes at `start` of the given buffer, whose bytes are `data`."""
    count, position = np.uint64(length), np.uint64(start)
    head = first_bytes(word(data, position), count)
    view[0] = count | (head << _HALF)
    if length > _INLINE:
        view[1] = np.uint64(buffer) | (position << _HALF)
    elif length > 8:
        view[1] = (head >> _HALF) | (first_bytes(word(data, position + EIGHT), count - EIGHT) << _HALF)
    else:
        view[1] = head >> _HALF


@numba.njit(nogil=True, cache=True)
def write_span(view: View, start: Place, length: Place) -> None:
    """Note a place for later in the room of a view; it is no view yet."""
    view[0] = np.uint64(length)
    view[1] = np.uint64(start) << _HALF


@numba.njit(nogil=True, cache=True)
def span_start(view: View) -> np.int64:
    """Where the text starts that `write_span` noted."""
    return np.int64(view[1] >> _HALF)


@numba.njit(nogil=True, cache=True)
def span_length(view: View) -> np.int64:
    """How many bytes it has."""
    return np.int64(view[0] & _LENGTH)
