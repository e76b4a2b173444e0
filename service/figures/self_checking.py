"""Figures of the self-check. What it has found stands in the ledger, and service.http.metrics shows that."""

from service.figures.families import Histogram

SELF_CHECK_SECONDS = Histogram(
    "hushi_self_check_duration_seconds",
    "How long the recount of a random day took.",
    (0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 20.0),
)
