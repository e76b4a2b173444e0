"""Tests of the reader of import files."""
