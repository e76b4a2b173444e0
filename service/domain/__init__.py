"""Rules and arithmetic of the border trade: no I/O, no clock, no randomness, no framework."""
