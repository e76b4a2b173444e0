"""The API, from outside."""
