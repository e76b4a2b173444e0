"""Figures of the machine and the processes: what they use, and what is left."""

from service.figures.families import Gauge, Histogram

DISK_FREE_BYTES = Gauge(
    "hushi_disk_free_bytes",
    "Space that this user may still write, where SQLite's file and where the data folder lies.",
    of=("ledger", "data"),
)
DISK_BYTES = Gauge("hushi_disk_bytes", "Size of these file systems.", of=("ledger", "data"))
RESIDENT_BYTES = Gauge(
    "hushi_resident_memory_bytes",
    "Memory that the processes have in RAM; pages that they share count for each.",
    of_all="sum",
    process=("serving", "folding"),
)
STARTED_AT = Gauge(
    "hushi_process_start_time_seconds",
    "When the process began, in Unix time: the server, and the youngest that serves and that folds.",
    process=("server", "serving", "folding"),
)
CUBE_BYTES = Gauge(
    "hushi_cube_bytes",
    "About the memory of the cells with their sets of residents; what is worked out from them comes on top.",
    of_all="sum",
)
CONNECTIONS = Gauge(
    "hushi_database_connections", "Connections of the pools in use.", of_all="sum", pool=("writing", "reading", "apart")
)
CONNECTIONS_MAX = Gauge(
    "hushi_database_connections_max",
    "Connections that the pools may open.",
    of_all="sum",
    pool=("writing", "reading", "apart"),
)
CONNECTION_WAIT_SECONDS = Histogram(
    "hushi_database_connection_wait_seconds",
    "Waits for a connection, where all of a pool were in use.",
    (0.001, 0.01, 0.1, 0.5, 1.0, 5.0),
)
