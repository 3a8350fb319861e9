"""`python -m tests.bench`: generate the workload, measure floors and job, print the tables.

Events are cached under `.bench/` in the working folder. With `--check` a missed bar is exit code 1; the bars
are meant for 10 million events on two quiet cores.
"""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from .job import prepare, run
from .measure import StepFailedError
from .report import bars, machine_line, table

SMOKE = 20_000


def main(arguments: list[str] | None = None) -> int:
    options = _options(arguments)
    sizes = [SMOKE] if options.smoke else [_count(text) for text in options.events.split(",")]
    cache = Path(options.cache)
    cache.mkdir(parents=True, exist_ok=True)
    out = [machine_line(options.date or datetime.now(UTC).date().isoformat())]
    print(out[0], flush=True)
    missed = False
    try:
        for form in options.format.split(","):
            for events in sizes:
                if options.generate:
                    print(prepare(cache, events, form))
                    continue
                result = run(cache, events, form)
                out.append(table(result))
                print(f"\n{out[-1]}", flush=True)
                missed = missed or not all(bar.held for bar in bars(result))
    except StepFailedError as failure:
        print(failure, file=sys.stderr)
        return 1
    if options.out:
        Path(options.out).write_text("\n\n".join(out) + "\n")
    return 1 if missed and options.check else 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench", description="Benchmark the job against its floors."
    )
    parser.add_argument("--events", default="1M,10M", help="sizes, such as 200k,1M,10M (default %(default)s)")
    parser.add_argument("--format", default="jsonl,parquet", help="jsonl, parquet or both (default)")
    parser.add_argument(
        "--smoke", action="store_true", help=f"only {SMOKE:,} events: does everything still run?"
    )
    parser.add_argument("--generate", action="store_true", help="write the event files and stop")
    parser.add_argument("--check", action="store_true", help="exit 1 when a bar is missed")
    parser.add_argument(
        "--cache", default=".bench", help="folder for events and stores (default %(default)s)"
    )
    parser.add_argument("--out", help="also write the tables to this Markdown file")
    parser.add_argument("--date", help="the date to print instead of today's")
    return parser.parse_args(arguments)


def _count(text: str) -> int:
    """`10M` → 10,000,000; `200k` → 200,000."""
    scale = {"k": 1_000, "M": 1_000_000}.get(text[-1:], 1)
    return int(float(text.rstrip("kM")) * scale)


if __name__ == "__main__":
    sys.exit(main())
