"""Figures that operators trust: what a posting costs, what a transaction weighs, how fast everything is."""
