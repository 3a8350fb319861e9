"""Explain and radar: what the store's facts say of how profiles came together."""
