"""Tests of the database itself: what it refuses and what it keeps, on both engines."""
