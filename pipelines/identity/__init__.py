"""Messages to graph: identifier columns are encoded, replayed in order under the rules, and decoded."""

from __future__ import annotations
