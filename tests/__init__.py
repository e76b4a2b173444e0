"""Tests of Hushi."""
