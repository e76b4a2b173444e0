"""Checks that declarants had mandates, and that no line of a consignment was split beyond its goods."""

from service.queries.verifying.faults import Wrong, reading
from service.storage import recount_splits
from service.storage.engine import Connection


def verify_declarants(connection: Connection) -> None:
    """Raises Wrong for a trade that was declared by another resident than its buyer, without a mandate of the buyer."""
    with reading("The id of a trade whose declarant had no mandate"):
        wrong_id = recount_splits.find_unmandated(connection)
    if wrong_id is not None:
        raise Wrong(f"Transaction {wrong_id} was declared without a mandate of its buyer for its day.")


def verify_splits(connection: Connection) -> None:
    """Raises Wrong for parts that name a line which is not registered, or that are more than the line together."""
    with reading("A part of a consignment"):
        line = recount_splits.find_wrong_line(connection)
    if line is not None:
        raise Wrong(
            f"Line {line.line} of consignment {line.consignment!r} at {line.trade_point} does not have the goods that "
            "its parts have together."
        )
