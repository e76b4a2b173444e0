"""`hushi verify` that takes its time, for tests that interrupt it: `python -m … COUNTED one|two|late verify …`.

It adds a byte to the file COUNTED for each entry that it hashes. With `two`, a second process does parts of the work
however short the ledger is, and one part takes longer than any test. With `late`, that process
starts slowly as well, and is ended slowly.
"""

import os
import pathlib
import sys
import time
from collections.abc import Sequence

from service.cli.main import main as hushi
from service.domain.merkle import leaf_hash
from service.ledger import Ledger
from service.queries import verifying
from service.queries.verifying import chain
from service.queries.verifying.beside import Helper, Part
from service.queries.verifying.cells import TellFault
from service.queries.verifying.parts import parts_of
from service.storage.engine import Connection

PAUSE_S = 0.05
LONGER_THAN_A_TEST_S = 300.0
LATE = "HELPER_STARTS_LATE"

if __name__ == "__mp_main__" and LATE in os.environ:  # It is loaded by the second process.
    time.sleep(2.0)


def take_long(_connection: Connection, _ledger: Ledger) -> None:
    """A part of a verification that does not end."""
    time.sleep(LONGER_THAN_A_TEST_S)


_end = Helper.end


def _end_late(self: Helper) -> None:
    """Ends the second process so late that it has shown a traceback before, if it shows any."""
    time.sleep(0.5)
    _end(self)


def _with_a_long_part(*, resuming: bool, tell: TellFault) -> Sequence[Part]:
    *others, last = parts_of(resuming=resuming, tell=tell)
    return (*others, take_long, last)


def main() -> None:
    """Verifies slowly."""
    counted, processes = pathlib.Path(sys.argv[1]), sys.argv[2]
    del sys.argv[1:3]

    def hash_slowly(encoding: bytes) -> bytes:
        time.sleep(PAUSE_S)
        with counted.open("ab") as file:
            file.write(b".")
        return leaf_hash(encoding)

    chain.leaf_hash = hash_slowly  # type: ignore[attr-defined] # (it is imported there)
    if processes == "late":
        os.environ[LATE] = "yes"
        Helper.end = _end_late  # type: ignore[method-assign] # (it ends late on purpose)
    if processes != "one":
        verifying.is_worth_it = lambda ledger: True  # type: ignore[attr-defined] # (so is this)
        verifying.parts_of = _with_a_long_part  # type: ignore[attr-defined] # (so is this)
    hushi()


if __name__ == "__main__":
    main()
