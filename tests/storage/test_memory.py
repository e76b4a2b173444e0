"""The memory that SQLite's connections of a process may keep."""

import pytest

from service.ledger import Ledger
from service.storage.engines import POOL_SIZE

READERS_KIB_MAX = 64 * 1024


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_all_readers_of_a_process_keep_little(ledger: Ledger) -> None:
    """Each keeps its cache for good: 64 MiB of each made 2 GB of two processes that served a ledger of 37 MB."""
    with ledger.database.reading() as connection:
        cache = connection.exec_driver_sql("PRAGMA cache_size").scalar_one()
        mapped = connection.exec_driver_sql("PRAGMA mmap_size").scalar_one()
    assert -cache * POOL_SIZE <= READERS_KIB_MAX
    assert mapped == 0
