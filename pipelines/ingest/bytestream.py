"""The bytes of an input file, unpacked and as UTF-8, in blocks of bounded size."""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from pipelines.errors import FileRefused

UTF8_MARK = codecs.BOM_UTF8
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def open_unpacked(path: Path) -> IO[bytes]:
    """The file for reading; a `.gz` is unpacked on the way."""
    # The two have no type in common but what they do.
    return cast(IO[bytes], gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb"))


def blocks(path: Path, size: int) -> Iterator[bytes]:
    """The unpacked bytes in blocks of at most `size`; raises `FileRefused` where gzip data is broken."""
    try:
        with open_unpacked(path) as file:
            while block := file.read(size):
                yield block
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise FileRefused(
            "BROKEN_GZIP",
            "the compressed file is damaged or cut off, so none of it is loaded",
            where=path.name,
            expected="a complete gzip file",
            hint="copy it again from where it came from (`gzip -t` checks it)",
        ) from error


def text_blocks(path: Path, size: int, encoding: str) -> Iterator[bytes]:
    """Blocks of UTF-8 without byte-order mark, whatever `encoding` the file has.

    UTF-8 itself is passed on unchecked: the readers reject the rows that break it. In any other encoding a
    byte that means nothing refuses the file, because what follows it could mean anything.
    """
    unpacked = blocks(path, size)
    if codecs.lookup(encoding).name not in ("utf-8", "utf-8-sig"):
        unpacked = _decoded(unpacked, path, encoding)
    first = next(unpacked, b"")
    if first.startswith(_UTF16_MARKS):
        raise FileRefused(
            "WRONG_ENCODING",
            "the file starts with the mark of UTF-16",
            where=f"{path.name}:1:1",
            expected=f"text in {encoding}",
            hint="say `encoding: utf-16` for this input, or save the file as UTF-8",
        )
    yield first.removeprefix(UTF8_MARK)
    yield from unpacked


def _decoded(unpacked: Iterator[bytes], path: Path, encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)()
    line = 1
    try:
        for block in unpacked:
            text = decoder.decode(block)
            line += text.count("\n")
            yield text.encode("utf-8", "surrogatepass")
        yield decoder.decode(b"", final=True).encode("utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        line += error.object[: error.start].count(b"\n")
        raise FileRefused(
            "WRONG_ENCODING",
            f"the text is not {encoding}",
            where=f"{path.name}:{line}",
            expected=f"text in {encoding}",
            hint="name the file's encoding under `encoding:` of this input",
        ) from None
