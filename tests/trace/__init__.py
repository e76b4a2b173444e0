"""Traces: equal to a plain recount, as the API answers them, and as their page shows them."""
