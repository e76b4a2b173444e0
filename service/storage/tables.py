"""The tables, with every rule that a table can hold; register_tables and transfer_tables have a part of them.

Business days are integers such as 20240630: they take four bytes, sort in the order of days, and a person who looks at
a row can read them. Instants are microseconds since 1970 in UTC. Money is fen, weight is grams.
"""

import sqlalchemy as sa

from service.storage.columns import BigId, DayType, InstantType, Uuid
from service.storage.entry_rows import entry_columns
from service.storage.integrity_tables import cell_repair, self_check, verified_block
from service.storage.register_tables import (
    NAMING_CONVENTION,
    api_key,
    audit,
    consignment,
    consignment_line,
    fact,
    key_use,
    mandate,
    mandate_withdrawal,
    market_group,
    metadata,
    resident,
    resident_group,
    resident_status,
    rule_file,
)
from service.storage.transfer_tables import (
    enterprise,
    enterprise_status,
    processing_batch,
    processing_batch_reversal,
    processing_cell,
    processing_fold,
    processing_input,
    processing_output,
    transfer,
    transfer_line,
    transfer_reversal,
    transferred,
)

__all__ = [
    "NAMING_CONVENTION",
    "allowance_use",
    "api_key",
    "audit",
    "block",
    "cell",
    "cell_repair",
    "consignment",
    "consignment_line",
    "ended_session",
    "enterprise",
    "enterprise_status",
    "fact",
    "idempotency",
    "journal",
    "key_use",
    "mandate",
    "mandate_withdrawal",
    "market_group",
    "metadata",
    "processing_batch",
    "processing_batch_reversal",
    "processing_cell",
    "processing_fold",
    "processing_input",
    "processing_output",
    "resident",
    "resident_group",
    "resident_status",
    "rule_file",
    "self_check",
    "transfer",
    "transfer_line",
    "transfer_reversal",
    "transferred",
    "verification",
    "verified_block",
]

journal = sa.Table(
    "journal",
    metadata,
    # The order in which the ledger accepted the entries; the database gives the numbers.
    sa.Column("seq", BigId, sa.Identity(), primary_key=True),
    *entry_columns(),
    sa.CheckConstraint("direction IN ('import', 'export')", name="direction_is_known"),
    sa.CheckConstraint(
        "CASE WHEN reverses IS NULL"
        " THEN amount_fen > 0 AND quantity_g > 0 AND exempt_fen BETWEEN 0 AND amount_fen"
        " AND exempt_quantity_g BETWEEN 0 AND quantity_g"
        " ELSE amount_fen < 0 AND quantity_g < 0 AND exempt_fen BETWEEN amount_fen AND 0"
        " AND exempt_quantity_g BETWEEN quantity_g AND 0 END",
        name="parts_are_within_the_whole",
    ),
    sa.CheckConstraint(
        "direction = 'import' OR (exempt_fen = amount_fen AND exempt_quantity_g = 0)", name="export_uses_nothing"
    ),
    sa.CheckConstraint("(reverses IS NULL) = (reason IS NULL)", name="reversal_has_a_reason"),
    # The id of an API key, or 0 for the operator at the server itself; null in entries from before it was recorded.
    sa.CheckConstraint("recorded_by >= 0", name="recorded_by_a_key_or_the_operator"),
    sa.CheckConstraint("declarant <> resident", name="declarant_is_another"),
    sa.CheckConstraint(
        "consignment_line IS NULL OR (consignment_line > 0 AND consignment IS NOT NULL)", name="line_of_a_consignment"
    ),
    sa.Index("ix_journal_resident_day", "resident", "day"),
    sa.Index("ix_journal_day", "day"),
    sa.Index("ix_journal_commodity_day", "commodity", "day"),
    sa.Index("ix_journal_recorded_at", "recorded_at"),
    sa.Index(
        "ix_journal_consignment",
        "consignment",
        sqlite_where=sa.text("consignment IS NOT NULL"),
        postgresql_where=sa.text("consignment IS NOT NULL"),
    ),
    sa.Index(
        "uq_journal_trade_point_reference",
        "trade_point",
        "reference",
        unique=True,
        sqlite_where=sa.text("reference IS NOT NULL"),
        postgresql_where=sa.text("reference IS NOT NULL"),
    ),
    sa.Index(
        "uq_journal_reverses",
        "reverses",
        unique=True,
        sqlite_where=sa.text("reverses IS NOT NULL"),
        postgresql_where=sa.text("reverses IS NOT NULL"),
    ),
)

idempotency = sa.Table(
    "idempotency",
    metadata,
    # A digest of API key, route and key: it has 16 bytes for a key of any length, and keeps callers' text out of the
    # index.
    sa.Column("digest", Uuid, primary_key=True),
    # A keyed digest of the request's name, its meaning and its outcome (service.domain.macs).
    sa.Column("mac", Uuid, nullable=False),
    # Exactly one of the two is there: the id of the accepted entry, or a text. The text is a refusal as it was
    # answered, or the answer of a request that makes no transaction (service.commands.once). The column has its name
    # from the refusal.
    sa.Column("transaction_id", Uuid),
    sa.Column("refusal", sa.Text),
    sa.CheckConstraint("(transaction_id IS NULL) <> (refusal IS NULL)", name="one_outcome"),
    sqlite_with_rowid=False,
)

allowance_use = sa.Table(
    "allowance_use",
    metadata,
    sa.Column("resident", sa.Integer, nullable=False),
    sa.Column("day", DayType, nullable=False),
    # The row with '' is that of the value limit (exempt_fen); the row of a list group counts grams (quantity_g).
    sa.Column("list_group", sa.Text, nullable=False),
    sa.Column("exempt_fen", sa.Integer, nullable=False),
    sa.Column("quantity_g", sa.Integer, nullable=False),
    # The limits that applied when the row was judged. Rules are dated data, so the constraint can't hold a constant.
    sa.Column("limit_fen", sa.Integer, nullable=False),
    sa.Column("limit_g", sa.Integer, nullable=False),
    sa.PrimaryKeyConstraint("resident", "day", "list_group"),
    sa.CheckConstraint("exempt_fen BETWEEN 0 AND limit_fen", name="value_within_limit"),
    sa.CheckConstraint("quantity_g BETWEEN 0 AND limit_g", name="quantity_within_limit"),
    sqlite_with_rowid=False,
)

block = sa.Table(
    "block",
    metadata,
    sa.Column("no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("previous_hash", sa.LargeBinary, nullable=False),
    sa.Column("hash", sa.LargeBinary, nullable=False),
    sa.Column("merkle_root", sa.LargeBinary, nullable=False),
    sa.Column("entries", sa.Integer, nullable=False),
    # The block holds the journal's entries from first_seq to last_seq; blocks follow each other without overlap. The
    # entries behind the last block are the tail.
    sa.Column("first_seq", sa.BigInteger, nullable=False),
    sa.Column("last_seq", sa.BigInteger, nullable=False, unique=True),
    sa.Column("sealed_at", InstantType, nullable=False),
    # The head of the register of facts when the block was sealed; null in blocks from before it was sealed too.
    sa.Column("register_no", sa.Integer),
    sa.Column("register_mac", sa.LargeBinary),
    sa.CheckConstraint("no > 0", name="numbers_begin_at_one"),
    sa.CheckConstraint("(register_no IS NULL) = (register_mac IS NULL)", name="names_a_register_head"),
    sa.CheckConstraint("entries > 0 AND first_seq <= last_seq", name="holds_entries"),
)

cell = sa.Table(
    "cell",
    metadata,
    sa.Column("grain", sa.SmallInteger, nullable=False),
    sa.Column("day", DayType, nullable=False),
    # The values of the grain's dimensions, as a JSON array in their order.
    sa.Column("dimensions", sa.Text, nullable=False),
    sa.Column("amount_fen", sa.BigInteger, nullable=False),
    sa.Column("exempt_fen", sa.BigInteger, nullable=False),
    sa.Column("quantity_g", sa.BigInteger, nullable=False),
    sa.Column("transactions", sa.Integer, nullable=False),
    # The residents with a live trade in the cell: a Roaring bitmap in its portable serialization.
    sa.Column("residents", sa.LargeBinary, nullable=False),
    # The last block that changed the cell. A process uses it to load only the cells that changed since it last loaded.
    sa.Column("block", sa.Integer, nullable=False),
    sa.PrimaryKeyConstraint("grain", "day", "dimensions"),
    sa.CheckConstraint("transactions >= 0 AND amount_fen >= 0 AND quantity_g >= 0", name="live_trades_only"),
    sa.CheckConstraint("exempt_fen BETWEEN 0 AND amount_fen", name="exempt_is_a_part"),
    sa.Index("ix_cell_block", "block"),
    sqlite_with_rowid=False,
)

verification = sa.Table(
    "verification",
    metadata,
    sa.Column("id", BigId, sa.Identity(), primary_key=True),
    sa.Column("verified_at", InstantType, nullable=False),
    # The newest block of the ledger that was verified; 0 before the first fold.
    sa.Column("block", sa.Integer, nullable=False),
)

ended_session = sa.Table(
    "ended_session",
    metadata,
    # The numbers are given in order, one transaction after the other, so that a process knows by the newest number
    # whether it has all rows.
    sa.Column("no", sa.Integer, primary_key=True, autoincrement=False),
    # The random number in the session's cookie; without the secrets nobody can make a cookie of it.
    sa.Column("session", sa.LargeBinary, nullable=False, unique=True),
    # The instant at which the session would have ended by itself.
    sa.Column("expires_at", InstantType, nullable=False),
    sa.CheckConstraint("no > 0", name="numbers_begin_at_one"),
)
