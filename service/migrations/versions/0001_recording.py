"""The recording ledger: residents, keys, and the journal with its tail, idempotency and allowance rows.

Revision ID: 0001
Revises: none
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql, sqlite

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sqlite.INTEGER(), "sqlite")
UUID16 = sa.LargeBinary(16).with_variant(postgresql.UUID(), "postgresql")

# Facts: corrections are new rows, so the database itself refuses to change or delete these.
FACTS = ("journal", "audit", "resident_status", "resident_group")
REFUSAL = "is append-only: record a new fact instead (a reversal, a status, a membership)"


def upgrade() -> None:
    create_people()
    create_access()
    create_ledger()
    if op.get_bind().dialect.name == "sqlite":
        protect_facts_on_sqlite()
    else:
        protect_facts_on_postgresql()


def downgrade() -> None:
    raise RuntimeError("The journal is never dropped: restore a backup instead.")


def create_people() -> None:
    op.create_table(
        "market_group",
        sa.Column("ordinal", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("ordinal", name=op.f("pk_market_group")),
    )
    op.create_table(
        "resident",
        sa.Column("ordinal", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number_digest", sa.LargeBinary(), nullable=False),
        sa.Column("number_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("name_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("registered_on", sa.Integer(), nullable=False),
        sa.Column("valid_until", sa.Integer(), nullable=True),
        sa.Column("settlement", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("ordinal BETWEEN 1 AND 99999999", name=op.f("ck_resident_ordinal_is_public")),
        sa.CheckConstraint(
            "valid_until IS NULL OR valid_until >= registered_on", name=op.f("ck_resident_valid_after_registration")
        ),
        sa.PrimaryKeyConstraint("ordinal", name=op.f("pk_resident")),
        sa.UniqueConstraint("number_digest", name=op.f("uq_resident_number_digest")),
    )
    op.create_index("ix_resident_settlement", "resident", ["settlement"], unique=False)
    op.create_table(
        "resident_status",
        sa.Column("id", BIG_ID, sa.Identity(), nullable=False),
        sa.Column("resident", sa.Integer(), nullable=False),
        sa.Column("effective_on", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "status IN ('active', 'suspended', 'cancelled')", name=op.f("ck_resident_status_status_is_known")
        ),
        sa.ForeignKeyConstraint(["resident"], ["resident.ordinal"], name=op.f("fk_resident_status_resident")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resident_status")),
    )
    op.create_index(
        "ix_resident_status_resident_effective_on", "resident_status", ["resident", "effective_on"], unique=False
    )
    op.create_table(
        "resident_group",
        sa.Column("id", BIG_ID, sa.Identity(), nullable=False),
        sa.Column("resident", sa.Integer(), nullable=False),
        sa.Column("effective_on", sa.Integer(), nullable=False),
        sa.Column("market_group", sa.Integer(), nullable=True),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["market_group"], ["market_group.ordinal"], name=op.f("fk_resident_group_market_group")
        ),
        sa.ForeignKeyConstraint(["resident"], ["resident.ordinal"], name=op.f("fk_resident_group_resident")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resident_group")),
    )
    op.create_index("ix_resident_group_market_group", "resident_group", ["market_group"], unique=False)
    op.create_index(
        "ix_resident_group_resident_effective_on", "resident_group", ["resident", "effective_on"], unique=False
    )


def create_access() -> None:
    op.create_table(
        "api_key",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_key")),
        sa.UniqueConstraint("digest", name=op.f("uq_api_key_digest")),
    )
    op.create_table(
        "audit",
        sa.Column("id", BIG_ID, sa.Identity(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("api_key", sa.Integer(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("resident", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )


def create_ledger() -> None:
    op.create_table(
        "journal",
        sa.Column("seq", BIG_ID, sa.Identity(), nullable=False),
        sa.Column("transaction_id", UUID16, nullable=False),
        sa.Column("resident", sa.Integer(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("market_group", sa.Integer(), nullable=True),
        sa.Column("quantity_g", sa.BigInteger(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("exempt_fen", sa.BigInteger(), nullable=False),
        sa.Column("exempt_quantity_g", sa.BigInteger(), nullable=False),
        sa.Column("traded_at", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("commodity", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("trade_point", sa.Text(), nullable=False),
        sa.Column("rule_version", sa.Text(), nullable=False),
        sa.Column("hs_code", sa.Text(), nullable=True),
        sa.Column("list_group", sa.Text(), nullable=True),
        sa.Column("settlement", sa.Text(), nullable=True),
        sa.Column("consignment", sa.Text(), nullable=True),
        sa.Column("vehicle_plate", sa.Text(), nullable=True),
        sa.Column("seller", sa.Text(), nullable=True),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("refuse_over_allowance", sa.Boolean(), nullable=True),
        sa.Column("metadata", sa.Text(), nullable=True),
        sa.Column("reverses", UUID16, nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "direction = 'import' OR (exempt_fen = amount_fen AND exempt_quantity_g = 0)",
            name=op.f("ck_journal_export_uses_nothing"),
        ),
        sa.CheckConstraint("direction IN ('import', 'export')", name=op.f("ck_journal_direction_is_known")),
        sa.CheckConstraint("(reverses IS NULL) = (reason IS NULL)", name=op.f("ck_journal_reversal_has_a_reason")),
        sa.CheckConstraint(
            "CASE WHEN reverses IS NULL THEN amount_fen > 0 AND quantity_g > 0 AND exempt_fen BETWEEN 0 AND amount_fen AND exempt_quantity_g BETWEEN 0 AND quantity_g ELSE amount_fen < 0 AND quantity_g < 0 AND exempt_fen BETWEEN amount_fen AND 0 AND exempt_quantity_g BETWEEN quantity_g AND 0 END",
            name=op.f("ck_journal_parts_are_within_the_whole"),
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_journal")),
        sa.UniqueConstraint("transaction_id", name=op.f("uq_journal_transaction_id")),
    )
    op.create_index(
        "ix_journal_consignment",
        "journal",
        ["consignment"],
        unique=False,
        sqlite_where=sa.text("consignment IS NOT NULL"),
        postgresql_where=sa.text("consignment IS NOT NULL"),
    )
    op.create_index("ix_journal_day", "journal", ["day"], unique=False)
    op.create_index("ix_journal_resident_day", "journal", ["resident", "day"], unique=False)
    op.create_index(
        "uq_journal_reverses",
        "journal",
        ["reverses"],
        unique=True,
        sqlite_where=sa.text("reverses IS NOT NULL"),
        postgresql_where=sa.text("reverses IS NOT NULL"),
    )
    op.create_index(
        "uq_journal_trade_point_reference",
        "journal",
        ["trade_point", "reference"],
        unique=True,
        sqlite_where=sa.text("reference IS NOT NULL"),
        postgresql_where=sa.text("reference IS NOT NULL"),
    )
    op.create_table(
        "tail",
        sa.Column("seq", BIG_ID, autoincrement=False, nullable=False),
        sa.Column("resident", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_tail")),
    )
    op.create_table(
        "idempotency",
        sa.Column("digest", UUID16, nullable=False),
        sa.Column("fingerprint", UUID16, nullable=False),
        sa.Column("transaction_id", UUID16, nullable=True),
        sa.Column("refusal", sa.Text(), nullable=True),
        sa.CheckConstraint("(transaction_id IS NULL) <> (refusal IS NULL)", name=op.f("ck_idempotency_one_outcome")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_idempotency")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "allowance_use",
        sa.Column("resident", sa.Integer(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("list_group", sa.Text(), nullable=False),
        sa.Column("exempt_fen", sa.Integer(), nullable=False),
        sa.Column("quantity_g", sa.Integer(), nullable=False),
        sa.Column("limit_fen", sa.Integer(), nullable=False),
        sa.Column("limit_g", sa.Integer(), nullable=False),
        sa.CheckConstraint("exempt_fen BETWEEN 0 AND limit_fen", name=op.f("ck_allowance_use_value_within_limit")),
        sa.CheckConstraint("quantity_g BETWEEN 0 AND limit_g", name=op.f("ck_allowance_use_quantity_within_limit")),
        sa.PrimaryKeyConstraint("resident", "day", "list_group", name=op.f("pk_allowance_use")),
        sqlite_with_rowid=False,
    )


def protect_facts_on_sqlite() -> None:
    for table in FACTS:
        for action in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_refuses_{action.lower()} BEFORE {action} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} {REFUSAL}'); END"
            )
    op.execute(
        "CREATE TRIGGER journal_into_tail AFTER INSERT ON journal "
        "BEGIN INSERT INTO tail (seq, resident) VALUES (new.seq, new.resident); END"
    )


def protect_facts_on_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ "
        f"BEGIN RAISE EXCEPTION '% {REFUSAL}', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$"
    )
    for table in FACTS:
        op.execute(
            f"CREATE TRIGGER {table}_refuses_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    op.execute(
        "CREATE FUNCTION journal_into_tail() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "BEGIN INSERT INTO tail (seq, resident) SELECT seq, resident FROM added; RETURN NULL; END $$"
    )
    op.execute(
        "CREATE TRIGGER journal_into_tail AFTER INSERT ON journal REFERENCING NEW TABLE AS added "
        "FOR EACH STATEMENT EXECUTE FUNCTION journal_into_tail()"
    )
