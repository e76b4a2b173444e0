"""The storage of the ledger: the only package that contains SQL."""
