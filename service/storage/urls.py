"""Reads the URLs of databases."""

import sqlalchemy as sa

from service.storage.faults import UnusableUrl


def read_url(text: str) -> sa.URL:
    """Reads the URL of a database. Raises UnusableUrl."""
    try:
        url = sa.make_url(text)
    except (ValueError, sa.exc.ArgumentError):
        raise UnusableUrl("can't be read: is its port a number, and is an @ in its password written as %40?") from None
    if url.get_backend_name() == "sqlite" and url.query:
        raise UnusableUrl("names a file only: SQLite takes no options after the question mark")
    return url
