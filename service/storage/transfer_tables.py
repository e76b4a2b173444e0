"""The tables of what happens after the market: enterprises, transfers, processing batches, and the cells of reports.

Enterprises, transfers, their reversals and processing batches are facts of the register. `transferred`,
`processing_cell` and `processing_fold` change: `hushi verify` recounts them.
"""

from typing import Any

import sqlalchemy as sa

from service.storage.columns import BigId, DayType, InstantType
from service.storage.register_tables import metadata


def _recorded() -> list[sa.schema.SchemaItem]:
    """When a row was recorded, and by which API key (0: by the operator)."""
    return [
        sa.Column("recorded_at", InstantType, nullable=False),
        sa.Column("recorded_by", sa.Integer, nullable=False),
        sa.CheckConstraint("recorded_by >= 0", name="recorded_by_a_key_or_the_operator"),
    ]


def _reversal(name: str, of: str) -> sa.Table:
    """A table of reversals: each row reverses one row of another table whole, and no row is reversed twice."""
    return sa.Table(
        name,
        metadata,
        sa.Column("id", BigId, sa.Identity(), primary_key=True),
        sa.Column(of, sa.Integer, sa.ForeignKey(f"{of}.id"), nullable=False, unique=True),
        sa.Column("reason", sa.Text, nullable=False),
        *_recorded(),
    )


def _sums() -> list[sa.Column[Any]]:
    return [
        sa.Column("quantity_g", sa.BigInteger, nullable=False),
        sa.Column("amount_fen", sa.BigInteger, nullable=False),
    ]


enterprise = sa.Table(
    "enterprise",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("name", sa.Text, nullable=False),
    # The unified social credit code (GB 32100-2015).
    sa.Column("credit_code", sa.Text, nullable=False, unique=True),
    # What it may take goods for: landing processing, or the second market, or both.
    sa.Column("processor", sa.Boolean, nullable=False),
    sa.Column("trader", sa.Boolean, nullable=False),
    sa.Column("valid_from", DayType, nullable=False),
    sa.Column("valid_until", DayType),
    *_recorded(),
    sa.CheckConstraint("id BETWEEN 1 AND 99999999", name="id_is_public"),
    sa.CheckConstraint("length(credit_code) = 18", name="code_has_18_characters"),
    sa.CheckConstraint("processor OR trader", name="has_a_kind"),
    sa.CheckConstraint("valid_until IS NULL OR valid_until >= valid_from", name="valid_after_its_begin"),
)

enterprise_status = sa.Table(
    "enterprise_status",
    metadata,
    sa.Column("id", BigId, sa.Identity(), primary_key=True),
    sa.Column("enterprise", sa.Integer, sa.ForeignKey("enterprise.id"), nullable=False),
    sa.Column("effective_on", DayType, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    *_recorded(),
    sa.CheckConstraint("status IN ('active', 'suspended', 'cancelled')", name="status_is_known"),
    sa.Index("ix_enterprise_status_enterprise_effective_on", "enterprise", "effective_on"),
)

transfer = sa.Table(
    "transfer",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("enterprise", sa.Integer, sa.ForeignKey("enterprise.id"), nullable=False),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("transferred_on", DayType, nullable=False),
    # The trade point of all its trades; null when they are of several.
    sa.Column("trade_point", sa.Text),
    # The consignment, when the caller named one and not its trades.
    sa.Column("consignment", sa.Text),
    sa.Column("contract", sa.Text),
    sa.Column("invoice", sa.Text),
    # What the enterprise pays for all lines; null when nobody has stated it.
    sa.Column("paid_fen", sa.BigInteger),
    sa.Column("lines", sa.Integer, nullable=False),
    sa.Column("residents", sa.Integer, nullable=False),
    *_sums(),
    # A digest of the lines, so that the fact of this row vouches for its lines as well.
    sa.Column("lines_digest", sa.LargeBinary, nullable=False),
    *_recorded(),
    sa.CheckConstraint("id BETWEEN 1 AND 99999999", name="id_is_public"),
    sa.CheckConstraint("purpose IN ('processing', 'secondary_market')", name="purpose_is_known"),
    sa.CheckConstraint("lines > 0 AND residents BETWEEN 1 AND lines", name="has_lines"),
    sa.CheckConstraint("quantity_g > 0 AND amount_fen >= 0", name="holds_goods"),
    sa.CheckConstraint("paid_fen >= 0", name="paid_is_no_debt"),
    sa.Index("ix_transfer_enterprise_transferred_on", "enterprise", "transferred_on"),
    sa.Index("ix_transfer_transferred_on", "transferred_on"),
    sa.Index(
        "ix_transfer_consignment",
        "consignment",
        sqlite_where=sa.text("consignment IS NOT NULL"),
        postgresql_where=sa.text("consignment IS NOT NULL"),
    ),
)

transfer_line = sa.Table(
    "transfer_line",
    metadata,
    sa.Column("transfer", sa.Integer, sa.ForeignKey("transfer.id"), nullable=False),
    sa.Column("no", sa.Integer, nullable=False),
    # The trade, by its place in the journal.
    sa.Column("place", sa.BigInteger, sa.ForeignKey("journal.seq"), nullable=False),
    *_sums(),
    # The line's part of what the enterprise pays.
    sa.Column("paid_fen", sa.BigInteger),
    # Whether the line is the whole trade: then no other live line is of that trade.
    sa.Column("is_whole", sa.Boolean, nullable=False),
    sa.PrimaryKeyConstraint("transfer", "no"),
    sa.UniqueConstraint("place", "transfer"),
    sa.CheckConstraint("no > 0", name="numbers_begin_at_one"),
    sa.CheckConstraint("quantity_g > 0 AND amount_fen >= 0", name="holds_goods"),
    sa.CheckConstraint("paid_fen >= 0", name="paid_is_no_debt"),
    sqlite_with_rowid=False,
)

transfer_reversal = _reversal("transfer_reversal", "transfer")

transferred = sa.Table(
    "transferred",
    metadata,
    # What of a trade has gone on by live transfers. A row stays when its transfers are reversed, with zeros.
    sa.Column("place", sa.BigInteger, sa.ForeignKey("journal.seq"), primary_key=True, autoincrement=False),
    *_sums(),
    sa.Column("gone_g", sa.BigInteger, nullable=False),
    sa.Column("gone_fen", sa.BigInteger, nullable=False),
    sa.CheckConstraint("gone_g BETWEEN 0 AND quantity_g", name="no_more_than_there_is"),
    sa.CheckConstraint("gone_fen BETWEEN 0 AND amount_fen", name="no_more_than_it_is_worth"),
)

processing_batch = sa.Table(
    "processing_batch",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("enterprise", sa.Integer, sa.ForeignKey("enterprise.id"), nullable=False),
    sa.Column("processed_on", DayType, nullable=False),
    *_recorded(),
    sa.CheckConstraint("id BETWEEN 1 AND 99999999", name="id_is_public"),
    sa.Index("ix_processing_batch_enterprise_processed_on", "enterprise", "processed_on"),
)

processing_input = sa.Table(
    "processing_input",
    metadata,
    sa.Column("id", BigId, sa.Identity(), primary_key=True),
    sa.Column("batch", sa.Integer, sa.ForeignKey("processing_batch.id"), nullable=False),
    sa.Column("transfer", sa.Integer, sa.ForeignKey("transfer.id"), nullable=False),
    # 1, and one more for each reversed batch that the transfer was in before: so no two live batches have it.
    sa.Column("nth", sa.Integer, nullable=False),
    sa.UniqueConstraint("transfer", "nth"),
    sa.UniqueConstraint("batch", "transfer"),
    sa.CheckConstraint("nth > 0", name="numbers_begin_at_one"),
)

processing_output = sa.Table(
    "processing_output",
    metadata,
    sa.Column("id", BigId, sa.Identity(), primary_key=True),
    sa.Column("batch", sa.Integer, sa.ForeignKey("processing_batch.id"), nullable=False),
    sa.Column("no", sa.Integer, nullable=False),
    sa.Column("commodity", sa.Text, nullable=False),
    sa.Column("hs_code", sa.Text),
    sa.Column("quantity_g", sa.BigInteger, nullable=False),
    sa.Column("amount_fen", sa.BigInteger),
    sa.UniqueConstraint("batch", "no"),
    sa.CheckConstraint("no > 0", name="numbers_begin_at_one"),
    sa.CheckConstraint("quantity_g > 0 AND amount_fen > 0", name="holds_goods"),
)

processing_batch_reversal = _reversal("processing_batch_reversal", "processing_batch")

processing_cell = sa.Table(
    "processing_cell",
    metadata,
    sa.Column("grain", sa.SmallInteger, nullable=False),
    # The business day of the trades, or that of the transfers: the grain says which.
    sa.Column("day", DayType, nullable=False),
    # The values of the grain's dimensions, as a JSON array in their order.
    sa.Column("dimensions", sa.Text, nullable=False),
    *_sums(),
    sa.Column("paid_fen", sa.BigInteger, nullable=False),
    # How many lines are whole trades.
    sa.Column("whole", sa.Integer, nullable=False),
    # The residents whose goods they were, and the places of trades that went on in parts: Roaring bitmaps.
    sa.Column("residents", sa.LargeBinary, nullable=False),
    sa.Column("parts", sa.LargeBinary, nullable=False),
    # The last fold that changed the cell. A process uses it to load only the cells that have changed.
    sa.Column("fold", sa.Integer, nullable=False),
    sa.PrimaryKeyConstraint("grain", "day", "dimensions"),
    sa.CheckConstraint(
        "amount_fen >= 0 AND quantity_g >= 0 AND paid_fen >= 0 AND whole >= 0", name="live_transfers_only"
    ),
    sa.Index("ix_processing_cell_fold", "fold"),
    sqlite_with_rowid=False,
)

processing_fold = sa.Table(
    "processing_fold",
    metadata,
    # The one row says which transfers and reversals of transfers are in the cells. Without a row, none are.
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("no", sa.Integer, nullable=False),
    sa.Column("transfer", sa.Integer, nullable=False),
    sa.Column("transfer_reversal", sa.BigInteger, nullable=False),
    sa.CheckConstraint("id = 1", name="is_one_row"),
    sa.CheckConstraint("no > 0", name="numbers_begin_at_one"),
)
