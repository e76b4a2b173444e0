"""Reads files with a JSON document on each line."""
