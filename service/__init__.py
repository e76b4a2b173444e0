"""Hushi (互市): the ledger of a border market, exact at every moment."""
