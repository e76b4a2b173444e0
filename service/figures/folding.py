"""Figures of folds. The process that folds counts them."""

from service.figures.families import Counter, Histogram

FOLD_SECONDS = Histogram(
    "hushi_fold_duration_seconds",
    "How long a fold took that sealed a block.",
    (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)
ENTRIES_FOLDED = Counter("hushi_entries_folded", "Entries that were sealed in blocks.")
FOLDS_FAILED = Counter("hushi_folds_failed", "Folds that failed: the database did not answer, or did not write.")
