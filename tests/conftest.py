"""What holds for every test: properties are drawn alike on every machine, and slowness is no failure."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("unify", derandomize=True, deadline=None, print_blob=True)
settings.load_profile("unify")
