"""The schema's history (alembic): every database, those of the tests included, is built by running it."""
