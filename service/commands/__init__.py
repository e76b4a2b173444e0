"""Write use cases. Each is one function and one database transaction, and its docstring lists what it raises."""
