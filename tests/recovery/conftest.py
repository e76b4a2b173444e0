"""Finds the fixtures of backups for these tests too."""

from tests.backup.conftest import new_ledger

__all__ = ["new_ledger"]
