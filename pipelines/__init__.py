"""Unified customer profiles from uploads and event history, kept as Profiles Sync tables."""

from __future__ import annotations

__version__ = "0.1.0"
