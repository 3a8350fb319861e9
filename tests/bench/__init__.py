"""Benchmarks: a seeded workload, the job on it, and the floors no job can beat. `python -m tests.bench`."""
