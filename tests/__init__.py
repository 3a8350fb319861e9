"""Cases as data, oracles, properties, faults, end to end, bench."""
