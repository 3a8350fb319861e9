"""Dagster's view of the suite: thin shells over `pipelines.steps`, one for each arrow of the journey."""
