"""Ids are made, never drawn."""

from __future__ import annotations

import hashlib

import numpy as np
import pyarrow as pa

from pipelines.ids import hash_bytes, seed_of, segment_ids

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def base62(digest: str) -> str:
    """The obvious way."""
    number, text = int(digest, 16), ""
    for _ in range(27):
        number, digit = divmod(number, 62)
        text = DIGITS[digit] + text
    return text


def test_segment_ids_are_sha1_in_base_62() -> None:
    digests = [hashlib.sha1(bytes([n])).hexdigest() for n in range(200)] + ["0" * 40, "f" * 40]  # noqa: S324 - an id, no secret
    assert segment_ids(pa.array(digests), "use_").to_pylist() == [
        "use_" + base62(digest) for digest in digests
    ]


def test_segment_ids_of_a_slice_and_of_nothing() -> None:
    digests = pa.array(["0" * 40, "0" * 39 + "1", "0" * 38 + "10"])
    assert segment_ids(digests.slice(1, 2), "acc_").to_pylist() == [
        "acc_" + "0" * 26 + "1",
        "acc_" + "0" * 26 + "G",
    ]
    assert len(segment_ids(digests.slice(0, 0), "acc_")) == 0


def test_the_stored_hash_never_changes() -> None:
    """These are in every store that was ever written."""
    text = np.frombuffer(b"ann@example.com, and more", dtype=np.uint8)
    assert int(seed_of("email")) == 5589265535832934726
    assert [int(hash_bytes(text, 0, end, np.uint64(7))) for end in (0, 3, 8, 25)] == HASHES


HASHES = [4111062578180274865, 9899376665967438371, 5059529120927251948, 14122218968693787895]
