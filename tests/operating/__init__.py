"""Runs the commands that docs/OPERATIONS.md shows: page.py finds them, stories.py runs them, preparations.py makes what
they begin with.

How a block of commands is marked on the page stands in page.py.
"""
