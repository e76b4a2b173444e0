"""Read use cases: each of them reads one snapshot."""
