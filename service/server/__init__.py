"""The server: its processes, its port, the process that folds the tail, and its logs."""
