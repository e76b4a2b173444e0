"""Figures of what this server has recorded and refused. Commands beside it, as `hushi import`, count for themselves."""

from service.domain.errors import Refusal
from service.figures.families import Counter, Gauge, Histogram

CODES = tuple(sorted({Refusal.code, *(kind.code for kind in Refusal.__subclasses__())}))
"""All codes of refusals. Every refusal is a direct subclass, or has the code of one."""

ENTRIES_ACCEPTED = Counter(
    "hushi_entries_accepted",
    "Entries recorded: trades and reversals, those of batches included, and transfers and their reversals.",
    kind=("trade", "reversal", "transfer", "transfer_reversal"),
)
ACCEPTED_CNY = Counter(
    "hushi_accepted_cny",
    "Value of the trades and reversals recorded: imports within the allowance and above it, and exports.",
    divided_by=100,
    kind=("trade", "reversal"),
    part=("exempt", "taxable", "export"),
)
ENTRIES_REPLAYED = Counter("hushi_entries_replayed", "Entries whose key was known: the first answer was given again.")
ENTRIES_REFUSED = Counter(
    "hushi_entries_refused",
    "Trades and reversals refused when they were judged, lines of batches included.",
    code=CODES,
)
BATCH_LINES = Counter(
    "hushi_batch_lines", "Lines of batches that were not all or none.", outcome=("accepted", "replayed", "refused")
)
REFUSALS = Counter("hushi_refusals", "Requests answered with a problem, by its code.", code=CODES)

COMMIT_SECONDS = Histogram(
    "hushi_commit_duration_seconds",
    "How long the committer took for a transaction, attempts that had to be repeated included.",
    (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0),
)
COMMIT_REQUESTS = Histogram(
    "hushi_commit_requests",
    "How many requests one transaction of the committer took.",
    (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0),
)
COMMITS_FAILED = Counter(
    "hushi_commits_failed",
    "Transactions of the committer that were given up; each of their requests got an error.",
    why=("not_written", "outcome_unknown", "unavailable", "other"),
)
COMMITS_REPEATED = Counter("hushi_commits_repeated", "Attempts of the committer that wrote nothing and were repeated.")
QUEUE_LENGTH = Gauge("hushi_commit_queue_length", "Requests that wait for the next commit.", of_all="sum")
