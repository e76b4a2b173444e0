"""Write use cases: one function, one database transaction each. Each docstring lists the refusals it raises."""
