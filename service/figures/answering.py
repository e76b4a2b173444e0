"""Figures of the way of a request through the server: memory, admission, keys."""

from service.figures.families import Counter

CACHE_ANSWERS = Counter(
    "hushi_response_cache", "Questions for reports, by whether the answer was in memory.", result=("hit", "miss")
)
ADMISSION_REFUSED = Counter(
    "hushi_admission_refused",
    "Requests refused because all places were taken.",
    place=("read", "write", "body", "queue"),
)
REPLAYS = Counter("hushi_replays", "Answers with Idempotency-Replayed.")
KEY_FAILURES = Counter(
    "hushi_key_failures",
    "Requests refused because of their key.",
    why=("missing", "unknown", "expired", "session", "token", "scope"),
)
