"""Ledgers as each revision of the schema has left them, made by the code of that time, and their upgrade to today's.

making.py makes one from a commit; tests/cases/revisions keeps them. A new revision gets one by

    python -m tests.revisions.making COMMIT     # the last commit at which the schema was at the revision before
"""
