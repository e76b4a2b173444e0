"""Measures figures that operators rely on: what a posting costs, how large a transaction is, how fast Hushi is."""
