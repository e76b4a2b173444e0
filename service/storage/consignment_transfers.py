"""Finds the transfers with goods of consignments, by the index of consignments in the journal."""

from collections.abc import Sequence

import sqlalchemy as sa

from service.domain.recorded_transfers import RecordedTransfer
from service.storage.consignments import ConsignmentKey
from service.storage.rowsets import row_set, rows_parameter
from service.storage.tables import journal, transfer, transfer_line
from service.storage.transfers import all_transfers, transfer_of


def find_of_consignments(
    connection: sa.Connection, names: Sequence[ConsignmentKey], limit: int
) -> list[list[RecordedTransfer]]:
    """The transfers with goods of each of these consignments, the newest first, up to `limit` of each.

    Their sums are of the lines with goods of that consignment alone.
    """
    chosen = row_set(
        connection.dialect.name, "chosen", {"place": sa.Integer, "trade_point": sa.Text, "consignment": sa.Text}
    )
    is_its_trade = sa.and_(
        journal.c.consignment.is_not(None),  # A database uses the partial index only when the query states this.
        journal.c.consignment == chosen.c.consignment,
        journal.c.trade_point == chosen.c.trade_point,
    )
    newest = sa.func.row_number().over(partition_by=chosen.c.place, order_by=transfer_line.c.transfer.desc())
    parts = (
        sa.select(
            chosen.c.place,
            transfer_line.c.transfer,
            sa.func.count().label("its_lines"),
            sa.func.sum(transfer_line.c.quantity_g).label("its_g"),
            sa.func.sum(transfer_line.c.amount_fen).label("its_fen"),
            newest.label("newest"),
        )
        .select_from(chosen)
        .join(journal, is_its_trade)
        .join(transfer_line, transfer_line.c.place == journal.c.seq)
        .group_by(chosen.c.place, transfer_line.c.transfer)
        .subquery("parts")
    )
    sums = (parts.c.place, parts.c.its_lines, parts.c.its_g, parts.c.its_fen)
    wanted = all_transfers().add_columns(*sums).join(parts, parts.c.transfer == transfer.c.id)
    wanted = wanted.where(parts.c.newest <= limit).order_by(transfer.c.id.desc())
    asked = rows_parameter({"place": place, **name._asdict()} for place, name in enumerate(names))
    found: list[list[RecordedTransfer]] = [[] for _ in names]
    for row in connection.execute(wanted, {"chosen": asked}):
        sums_of_it = {"transactions": row.its_lines, "quantity_g": int(row.its_g), "amount_fen": int(row.its_fen)}
        found[row.place].append(transfer_of(row)._replace(**sums_of_it))
    return found
