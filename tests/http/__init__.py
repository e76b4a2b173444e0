"""The contract, from outside."""
