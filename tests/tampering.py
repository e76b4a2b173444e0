"""What somebody would do first who has the database and wants to change history: take its protection away."""

UNPROTECTED = {
    "sqlite": [
        f"DROP TRIGGER {table}_refuses_{action}" for table in ("journal", "block") for action in ("update", "delete")
    ],
    "postgresql": [f"DROP TRIGGER {table}_refuses_change ON {table}" for table in ("journal", "block")],
}
