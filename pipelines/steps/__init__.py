"""Plain functions that join the rooms: load, resolve, materialize, compute, publish."""
