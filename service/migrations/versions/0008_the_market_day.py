"""The market's day: who declares, what a caller was warned of, consignments, mandates, the operator's rules.

API keys can be bound to a trade point and can expire, registrations say who recorded them, and a block also names the
head of the register of facts.

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import sqlite

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sqlite.INTEGER(), "sqlite")
REGISTERED = ("market_group", "resident", "resident_status", "resident_group")
FACTS = ("consignment", "consignment_line", "mandate", "mandate_withdrawal", "rule_file")
ADDED = {
    "journal": (
        "declarant INTEGER CONSTRAINT ck_journal_declarant_is_another CHECK (declarant <> resident)",
        (
            "consignment_line INTEGER CONSTRAINT ck_journal_line_of_a_consignment "
            "CHECK (consignment_line IS NULL OR (consignment_line > 0 AND consignment IS NOT NULL))"
        ),
        "rule_verified BOOLEAN",
        "warnings TEXT",
    ),
    "api_key": ("trade_point TEXT", "expires_at BIGINT"),
    "block": (
        "register_no INTEGER",
        (
            "register_mac {bytes} CONSTRAINT ck_block_names_a_register_head "
            "CHECK ((register_no IS NULL) = (register_mac IS NULL))"
        ),
    ),
    **dict.fromkeys(REGISTERED, ("recorded_by INTEGER",)),
}


def upgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for table, columns in ADDED.items():
        for column in columns:
            op.execute(f"ALTER TABLE {table} ADD COLUMN {column.format(bytes='BLOB' if is_sqlite else 'BYTEA')}")
    op.create_index("ix_journal_commodity_day", "journal", ["commodity", "day"])
    op.create_index("ix_journal_recorded_at", "journal", ["recorded_at"])
    create_key_use()
    create_consignments()
    create_mandates()
    create_rule_files()
    for table in FACTS:
        protect(table, is_sqlite)


def downgrade() -> None:
    """What only this revision knows is lost, and blocks that hold it don't verify any more."""
    for table in ("rule_file", "mandate_withdrawal", "mandate", "consignment_line", "consignment", "key_use"):
        op.drop_table(table)
    op.drop_index("ix_journal_recorded_at", "journal")
    op.drop_index("ix_journal_commodity_day", "journal")
    for table, columns in ADDED.items():
        for column in reversed(columns):
            op.execute(f"ALTER TABLE {table} DROP COLUMN {column.split()[0]}")


def create_key_use() -> None:
    op.create_table(
        "key_use",
        sa.Column("api_key", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last_used_on", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("api_key", name=op.f("pk_key_use")),
    )


def create_consignments() -> None:
    op.create_table(
        "consignment",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("trade_point", sa.Text(), nullable=False),
        sa.Column("consignment", sa.Text(), nullable=False),
        sa.Column("vehicle_plate", sa.Text()),
        sa.Column("seller", sa.Text()),
        sa.Column("arrived_at", sa.BigInteger(), nullable=False),
        *recorded("consignment"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consignment")),
        sa.UniqueConstraint("trade_point", "consignment", name=op.f("uq_consignment_trade_point_consignment")),
    )
    op.create_table(
        "consignment_line",
        sa.Column("id", BIG_ID, sa.Identity(), nullable=False),
        sa.Column("consignment", sa.Integer(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("commodity", sa.Text(), nullable=False),
        sa.Column("hs_code", sa.Text()),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("quantity_g", sa.BigInteger(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("no > 0", name=op.f("ck_consignment_line_numbers_begin_at_one")),
        sa.CheckConstraint("quantity_g > 0 AND amount_fen > 0", name=op.f("ck_consignment_line_holds_goods")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consignment_line")),
        sa.ForeignKeyConstraint(
            ["consignment"], ["consignment.id"], name=op.f("fk_consignment_line_consignment_consignment")
        ),
        sa.UniqueConstraint("consignment", "no", name=op.f("uq_consignment_line_consignment_no")),
    )


def create_mandates() -> None:
    op.create_table(
        "mandate",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("representative", sa.Integer(), nullable=False),
        sa.Column("resident", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Integer(), nullable=False),
        sa.Column("valid_until", sa.Integer(), nullable=False),
        *recorded("mandate"),
        sa.CheckConstraint("id BETWEEN 1 AND 99999999", name=op.f("ck_mandate_id_is_public")),
        sa.CheckConstraint("representative <> resident", name=op.f("ck_mandate_representative_is_another")),
        sa.CheckConstraint(
            "valid_until BETWEEN valid_from AND valid_from + 10000", name=op.f("ck_mandate_a_year_at_most")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mandate")),
        sa.ForeignKeyConstraint(
            ["representative"], ["resident.ordinal"], name=op.f("fk_mandate_representative_resident")
        ),
        sa.ForeignKeyConstraint(["resident"], ["resident.ordinal"], name=op.f("fk_mandate_resident_resident")),
    )
    op.create_index("ix_mandate_resident_representative", "mandate", ["resident", "representative"])
    op.create_index("ix_mandate_representative", "mandate", ["representative"])
    op.create_table(
        "mandate_withdrawal",
        sa.Column("id", BIG_ID, sa.Identity(), nullable=False),
        sa.Column("mandate", sa.Integer(), nullable=False),
        sa.Column("effective_on", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        *recorded("mandate_withdrawal"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mandate_withdrawal")),
        sa.ForeignKeyConstraint(["mandate"], ["mandate.id"], name=op.f("fk_mandate_withdrawal_mandate_mandate")),
        sa.UniqueConstraint("mandate", name=op.f("uq_mandate_withdrawal_mandate")),
    )


def create_rule_files() -> None:
    op.create_table(
        "rule_file",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        *recorded("rule_file"),
        sa.CheckConstraint("id > 0", name=op.f("ck_rule_file_numbers_begin_at_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_file")),
        sa.UniqueConstraint("sha256", name=op.f("uq_rule_file_sha256")),
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
