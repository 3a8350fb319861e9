"""Identity resolution: cases, random graphs, and the compiled replay against the plain resolver."""
