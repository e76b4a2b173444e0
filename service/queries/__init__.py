"""Read use cases: one snapshot each."""
