"""Write the sample's uploads and events again: `python data/sample/make_sample.py [FOLDER]`.

The files in the repository came from this script. It is seeded and uses only the standard library, so
every run writes the same text (and, with the same zlib, the same compressed bytes).
"""

from __future__ import annotations

import gzip
import io
import random
import sys
from collections.abc import Iterable
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from generator.broken import broken, redelivered  # noqa: E402  the folder is not an installed package
from generator.calls import Call  # noqa: E402
from generator.people import crowd  # noqa: E402
from generator.planted import planted  # noqa: E402
from generator.uploads import clean_upload, messy_upload  # noqa: E402
from generator.visits import everyday  # noqa: E402

SEED = 20_260_701
MONTHLY = ("web", "app")  # these sources are exported a file a month, the others a file a quarter


def sample_files(seed: int = SEED) -> dict[str, bytes]:
    """Relative path → uncompressed bytes of every file of the sample."""
    people = crowd(random.Random(seed))
    files = {
        "uploads/customers-2026-06.csv": clean_upload(random.Random(seed + 1), people).encode(),
        "uploads/legacy-export.csv": messy_upload(random.Random(seed + 2), people).encode(),
    }
    calls = everyday(random.Random(seed + 3), people) + planted(random.Random(seed + 4))
    calls += redelivered(random.Random(seed + 5), calls) + broken()
    return files | _events(calls)


def _events(calls: Iterable[Call]) -> dict[str, bytes]:
    """One text per source and period, in the order in which the calls were received."""
    lines: dict[str, list[str]] = {}
    for made in sorted(calls, key=lambda made: (made.received, made.text)):
        period = f"{made.received:%Y-%m}" if made.source in MONTHLY else "2026-q3"
        lines.setdefault(f"events/{made.source}-{period}.jsonl.gz", []).append(made.text)
    return {path: ("\n".join(texts) + "\n").encode() for path, texts in lines.items()}


def compressed(content: bytes) -> bytes:
    """Bytes of a gzip file without a time or a file name, so that equal text gives equal bytes."""
    target = io.BytesIO()
    with gzip.GzipFile(filename="", fileobj=target, mode="wb", compresslevel=9, mtime=0) as stream:
        stream.write(content)
    return target.getvalue()


def write(folder: Path) -> None:
    """Write all files below `folder`; others there are left alone."""
    for path, content in sample_files().items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(compressed(content) if path.endswith(".gz") else content)


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
