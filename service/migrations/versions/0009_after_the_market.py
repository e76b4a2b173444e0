"""After the market: enterprises, transfers of goods to them, processing batches, and the cells of reports on these.

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import sqlite

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sqlite.INTEGER(), "sqlite")
FACTS = (
    *("enterprise", "enterprise_status", "transfer", "transfer_line", "transfer_reversal"),
    *("processing_batch", "processing_input", "processing_output", "processing_batch_reversal"),
)
COUNTED = ("transferred", "processing_cell", "processing_fold")
"""What can be counted again from the facts, so its rows change."""


def upgrade() -> None:
    create_enterprise()
    create_enterprise_status()
    create_transfer()
    create_transfer_line()
    create_transfer_reversal()
    create_transferred()
    create_processing_batch()
    create_processing_input()
    create_processing_output()
    create_processing_batch_reversal()
    create_processing_cell()
    create_processing_fold()
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for table in FACTS:
        protect(table, is_sqlite)


def downgrade() -> None:
    """What only this revision knows is lost, and the register does not fit its blocks any more."""
    for table in (*COUNTED, *reversed(FACTS)):
        op.drop_table(table)


def create_enterprise() -> None:
    op.create_table(
        "enterprise",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("credit_code", sa.Text(), nullable=False),
        sa.Column("processor", sa.Boolean(), nullable=False),
        sa.Column("trader", sa.Boolean(), nullable=False),
        sa.Column("valid_from", sa.Integer(), nullable=False),
        sa.Column("valid_until", sa.Integer()),
        *recorded("enterprise"),
        sa.CheckConstraint("id BETWEEN 1 AND 99999999", name=op.f("ck_enterprise_id_is_public")),
        sa.CheckConstraint("length(credit_code) = 18", name=op.f("ck_enterprise_code_has_18_characters")),
        sa.CheckConstraint("processor OR trader", name=op.f("ck_enterprise_has_a_kind")),
        sa.CheckConstraint(
            "valid_until IS NULL OR valid_until >= valid_from", name=op.f("ck_enterprise_valid_after_its_begin")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enterprise")),
        sa.UniqueConstraint("credit_code", name=op.f("uq_enterprise_credit_code")),
    )


def create_enterprise_status() -> None:
    op.create_table(
        "enterprise_status",
        sa.Column("id", BIG_ID, sa.Identity(), nullable=False),
        sa.Column("enterprise", sa.Integer(), nullable=False),
        sa.Column("effective_on", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        *recorded("enterprise_status"),
        sa.CheckConstraint(
            "status IN ('active', 'suspended', 'cancelled')", name=op.f("ck_enterprise_status_status_is_known")
        ),
        sa.ForeignKeyConstraint(["enterprise"], ["enterprise.id"], name=op.f("fk_enterprise_status_enterprise")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enterprise_status")),
    )
    op.create_index("ix_enterprise_status_enterprise_effective_on", "enterprise_status", ["enterprise", "effective_on"])


def create_transfer() -> None:
    op.create_table(
        "transfer",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("enterprise", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("transferred_on", sa.Integer(), nullable=False),
        sa.Column("trade_point", sa.Text()),
        sa.Column("consignment", sa.Text()),
        sa.Column("contract", sa.Text()),
        sa.Column("invoice", sa.Text()),
        sa.Column("paid_fen", sa.BigInteger()),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("residents", sa.Integer(), nullable=False),
        sa.Column("quantity_g", sa.BigInteger(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("lines_digest", sa.LargeBinary(), nullable=False),
        *recorded("transfer"),
        sa.CheckConstraint("purpose IN ('processing', 'secondary_market')", name=op.f("ck_transfer_purpose_is_known")),
        sa.CheckConstraint("id BETWEEN 1 AND 99999999", name=op.f("ck_transfer_id_is_public")),
        sa.CheckConstraint("lines > 0 AND residents BETWEEN 1 AND lines", name=op.f("ck_transfer_has_lines")),
        sa.CheckConstraint("paid_fen >= 0", name=op.f("ck_transfer_paid_is_no_debt")),
        sa.CheckConstraint("quantity_g > 0 AND amount_fen >= 0", name=op.f("ck_transfer_holds_goods")),
        sa.ForeignKeyConstraint(["enterprise"], ["enterprise.id"], name=op.f("fk_transfer_enterprise")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfer")),
    )
    op.create_index(
        "ix_transfer_consignment",
        "transfer",
        ["consignment"],
        sqlite_where=sa.text("consignment IS NOT NULL"),
        postgresql_where=sa.text("consignment IS NOT NULL"),
    )
    op.create_index("ix_transfer_enterprise_transferred_on", "transfer", ["enterprise", "transferred_on"])
    op.create_index("ix_transfer_transferred_on", "transfer", ["transferred_on"])


def create_transfer_line() -> None:
    op.create_table(
        "transfer_line",
        sa.Column("transfer", sa.Integer(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("quantity_g", sa.BigInteger(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("paid_fen", sa.BigInteger()),
        sa.Column("is_whole", sa.Boolean(), nullable=False),
        sa.CheckConstraint("no > 0", name=op.f("ck_transfer_line_numbers_begin_at_one")),
        sa.CheckConstraint("paid_fen >= 0", name=op.f("ck_transfer_line_paid_is_no_debt")),
        sa.CheckConstraint("quantity_g > 0 AND amount_fen >= 0", name=op.f("ck_transfer_line_holds_goods")),
        sa.ForeignKeyConstraint(["place"], ["journal.seq"], name=op.f("fk_transfer_line_place")),
        sa.ForeignKeyConstraint(["transfer"], ["transfer.id"], name=op.f("fk_transfer_line_transfer")),
        sa.PrimaryKeyConstraint("transfer", "no", name=op.f("pk_transfer_line")),
        sa.UniqueConstraint("place", "transfer", name=op.f("uq_transfer_line_place_transfer")),
        sqlite_with_rowid=False,
    )


def create_transfer_reversal() -> None:
    op.create_table(
        "transfer_reversal",
        sa.Column("id", BIG_ID, sa.Identity(), nullable=False),
        sa.Column("transfer", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        *recorded("transfer_reversal"),
        sa.ForeignKeyConstraint(["transfer"], ["transfer.id"], name=op.f("fk_transfer_reversal_transfer")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfer_reversal")),
        sa.UniqueConstraint("transfer", name=op.f("uq_transfer_reversal_transfer")),
    )


def create_transferred() -> None:
    op.create_table(
        "transferred",
        sa.Column("place", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("quantity_g", sa.BigInteger(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("gone_g", sa.BigInteger(), nullable=False),
        sa.Column("gone_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("gone_fen BETWEEN 0 AND amount_fen", name=op.f("ck_transferred_no_more_than_it_is_worth")),
        sa.CheckConstraint("gone_g BETWEEN 0 AND quantity_g", name=op.f("ck_transferred_no_more_than_there_is")),
        sa.ForeignKeyConstraint(["place"], ["journal.seq"], name=op.f("fk_transferred_place")),
        sa.PrimaryKeyConstraint("place", name=op.f("pk_transferred")),
    )


def create_processing_batch() -> None:
    op.create_table(
        "processing_batch",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("enterprise", sa.Integer(), nullable=False),
        sa.Column("processed_on", sa.Integer(), nullable=False),
        *recorded("processing_batch"),
        sa.CheckConstraint("id BETWEEN 1 AND 99999999", name=op.f("ck_processing_batch_id_is_public")),
        sa.ForeignKeyConstraint(["enterprise"], ["enterprise.id"], name=op.f("fk_processing_batch_enterprise")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_processing_batch")),
    )
    op.create_index("ix_processing_batch_enterprise_processed_on", "processing_batch", ["enterprise", "processed_on"])


def create_processing_input() -> None:
    op.create_table(
        "processing_input",
        sa.Column("id", BIG_ID, sa.Identity(), nullable=False),
        sa.Column("batch", sa.Integer(), nullable=False),
        sa.Column("transfer", sa.Integer(), nullable=False),
        sa.Column("nth", sa.Integer(), nullable=False),
        sa.CheckConstraint("nth > 0", name=op.f("ck_processing_input_numbers_begin_at_one")),
        sa.ForeignKeyConstraint(["batch"], ["processing_batch.id"], name=op.f("fk_processing_input_batch")),
        sa.ForeignKeyConstraint(["transfer"], ["transfer.id"], name=op.f("fk_processing_input_transfer")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_processing_input")),
        sa.UniqueConstraint("batch", "transfer", name=op.f("uq_processing_input_batch_transfer")),
        sa.UniqueConstraint("transfer", "nth", name=op.f("uq_processing_input_transfer_nth")),
    )


def create_processing_output() -> None:
    op.create_table(
        "processing_output",
        sa.Column("id", BIG_ID, sa.Identity(), nullable=False),
        sa.Column("batch", sa.Integer(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("commodity", sa.Text(), nullable=False),
        sa.Column("hs_code", sa.Text()),
        sa.Column("quantity_g", sa.BigInteger(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger()),
        sa.CheckConstraint("no > 0", name=op.f("ck_processing_output_numbers_begin_at_one")),
        sa.CheckConstraint("quantity_g > 0 AND amount_fen > 0", name=op.f("ck_processing_output_holds_goods")),
        sa.ForeignKeyConstraint(["batch"], ["processing_batch.id"], name=op.f("fk_processing_output_batch")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_processing_output")),
        sa.UniqueConstraint("batch", "no", name=op.f("uq_processing_output_batch_no")),
    )


def create_processing_batch_reversal() -> None:
    op.create_table(
        "processing_batch_reversal",
        sa.Column("id", BIG_ID, sa.Identity(), nullable=False),
        sa.Column("processing_batch", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        *recorded("processing_batch_reversal"),
        sa.ForeignKeyConstraint(
            ["processing_batch"], ["processing_batch.id"], name=op.f("fk_processing_batch_reversal_processing_batch")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_processing_batch_reversal")),
        sa.UniqueConstraint("processing_batch", name=op.f("uq_processing_batch_reversal_processing_batch")),
    )


def create_processing_cell() -> None:
    op.create_table(
        "processing_cell",
        sa.Column("grain", sa.SmallInteger(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("dimensions", sa.Text(), nullable=False),
        sa.Column("quantity_g", sa.BigInteger(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("paid_fen", sa.BigInteger(), nullable=False),
        sa.Column("whole", sa.Integer(), nullable=False),
        sa.Column("residents", sa.LargeBinary(), nullable=False),
        sa.Column("parts", sa.LargeBinary(), nullable=False),
        sa.Column("fold", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "amount_fen >= 0 AND quantity_g >= 0 AND paid_fen >= 0 AND whole >= 0",
            name=op.f("ck_processing_cell_live_transfers_only"),
        ),
        sa.PrimaryKeyConstraint("grain", "day", "dimensions", name=op.f("pk_processing_cell")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_processing_cell_fold", "processing_cell", ["fold"])


def create_processing_fold() -> None:
    op.create_table(
        "processing_fold",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("transfer", sa.Integer(), nullable=False),
        sa.Column("transfer_reversal", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_processing_fold_is_one_row")),
        sa.CheckConstraint("no > 0", name=op.f("ck_processing_fold_numbers_begin_at_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_processing_fold")),
    )


def recorded(table: str) -> list[sa.schema.SchemaItem]:
    """The columns that say when a row was recorded, and by which API key (0: by the operator)."""
    return [
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("recorded_by", sa.Integer(), nullable=False),
        sa.CheckConstraint("recorded_by >= 0", name=op.f(f"ck_{table}_recorded_by_a_key_or_the_operator")),
    ]


def protect(table: str, is_sqlite: bool) -> None:
    """Makes the database refuse to change or delete a fact."""
    if not is_sqlite:
        op.execute(
            f"CREATE TRIGGER {table}_refuses_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
        return
    for action in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_refuses_{action.lower()} BEFORE {action} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only: what was recorded stays recorded'); END"
        )
