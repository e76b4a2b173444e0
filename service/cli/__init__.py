"""The hushi command: a file for each family of commands."""
