"""The server: its processes, its port, the process that folds, and logs."""
