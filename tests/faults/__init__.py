"""Killed anywhere and run again, the job ends as if nothing had happened."""
