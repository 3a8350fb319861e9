"""What a Markdown page shows: its code blocks, its links, the commands it names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = tuple(
    ROOT / name for name in ("README.md", "CHANGELOG.md", "pipelines/README.md", "data/sample/README.md")
)

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")
_CODE = re.compile(r"`([^`\n]+)`")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: place, language, text, and the text of the `text` block right after it."""

    where: str
    language: str
    text: str
    shown: str | None


def blocks(page: Path, language: str) -> list[Block]:
    """The page's fenced blocks of one language."""
    content = page.read_text(encoding="utf-8")
    found = list(_FENCE.finditer(content))
    listed = []
    for match, after in zip_longest(found, found[1:]):
        adjoining = after is not None and not content[match.end() : after.start()].strip()
        shown = after[2] if after is not None and adjoining and after[1] == "text" else None
        line = content.count("\n", 0, match.start()) + 1
        if match[1] == language:
            listed.append(Block(f"{page.relative_to(ROOT)}:{line}", match[1], match[2], shown))
    return listed


def links(page: Path) -> list[Path]:
    """The files that the page's relative links lead to."""
    targets = _LINK.findall(page.read_text(encoding="utf-8"))
    return [page.parent / target for target in targets if "://" not in target]


def code_words(page: Path) -> list[str]:
    """Everything in `backticks`, and every line of shell blocks."""
    inline = _CODE.findall(_FENCE.sub("", page.read_text(encoding="utf-8")))
    lines = [line for block in blocks(page, "sh") for line in block.text.splitlines()]
    return inline + lines
