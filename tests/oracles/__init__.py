"""Slow and obvious implementations that judge the fast ones."""
