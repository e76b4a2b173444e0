"""Hushi (互市): the ledger of a border market, exact at every moment."""

__version__ = "0.2.0"
"""The version of the product, as pyproject.toml has it; written here so that a bare checkout knows it as well."""
