"""The self-check: what it has found, which repairs there were, and up to which block the chain was verified.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import sqlite

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sqlite.INTEGER(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "self_check",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("checks", sa.BigInteger(), nullable=False),
        sa.Column("mismatches", sa.BigInteger(), nullable=False),
        sa.Column("checked_at", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("fault", sa.Text()),
        sa.CheckConstraint("id = 1", name=op.f("ck_self_check_only_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_self_check")),
    )
    op.create_table(
        "cell_repair",
        sa.Column("id", BIG_ID, sa.Identity(), nullable=False),
        sa.Column("repaired_at", sa.BigInteger(), nullable=False),
        sa.Column("block", sa.Integer(), nullable=False),
        sa.Column("fact", sa.Integer(), nullable=False),
        sa.Column("cells", sa.Integer(), nullable=False),
        sa.Column("processing_cells", sa.Integer(), nullable=False),
        sa.Column("changes", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cell_repair")),
    )
    protect("cell_repair", op.get_bind().dialect.name == "sqlite")
    op.create_table(
        "verified_block",
        sa.Column("id", BIG_ID, sa.Identity(), nullable=False),
        sa.Column("block", sa.Integer(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("verified_at", sa.BigInteger(), nullable=False),
        sa.Column("is_whole", sa.Boolean(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verified_block")),
    )


def downgrade() -> None:
    for table in ("verified_block", "cell_repair", "self_check"):
        op.drop_table(table)


def protect(table: str, is_sqlite: bool) -> None:
    """Makes the database refuse to change or delete what was recorded."""
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
