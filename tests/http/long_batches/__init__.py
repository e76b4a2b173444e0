"""Batches of lines, by the quick way and by the careful one."""
