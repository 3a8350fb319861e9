"""The kernel: space files, names, types, SQL files, errors, packaging."""

from __future__ import annotations
