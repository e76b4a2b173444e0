"""The reporting side: sealed blocks and the cells of the cube.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import sqlite

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sqlite.INTEGER(), "sqlite")


def upgrade() -> None:
    create_blocks()
    create_cells()
    if op.get_bind().dialect.name == "sqlite":
        for action in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER block_refuses_{action.lower()} BEFORE {action} ON block "
                "BEGIN SELECT RAISE(ABORT, 'block is append-only: a sealed block is never changed'); END"
            )
    else:
        op.execute(
            "CREATE TRIGGER block_refuses_change BEFORE UPDATE OR DELETE OR TRUNCATE ON block "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    op.drop_table("verification")
    op.drop_table("cell")
    op.drop_table("block")


def create_blocks() -> None:
    op.create_table(
        "block",
        sa.Column("no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("previous_hash", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("merkle_root", sa.LargeBinary(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("first_seq", sa.BigInteger(), nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.Column("sealed_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("no > 0", name=op.f("ck_block_numbers_begin_at_one")),
        sa.CheckConstraint("entries > 0 AND first_seq <= last_seq", name=op.f("ck_block_holds_entries")),
        sa.PrimaryKeyConstraint("no", name=op.f("pk_block")),
        sa.UniqueConstraint("last_seq", name=op.f("uq_block_last_seq")),
    )


def create_cells() -> None:
    op.create_table(
        "cell",
        sa.Column("grain", sa.SmallInteger(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("dimensions", sa.Text(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("exempt_fen", sa.BigInteger(), nullable=False),
        sa.Column("quantity_g", sa.BigInteger(), nullable=False),
        sa.Column("transactions", sa.Integer(), nullable=False),
        sa.Column("residents", sa.LargeBinary(), nullable=False),
        sa.Column("block", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "transactions >= 0 AND amount_fen >= 0 AND quantity_g >= 0", name=op.f("ck_cell_live_trades_only")
        ),
        sa.CheckConstraint("exempt_fen BETWEEN 0 AND amount_fen", name=op.f("ck_cell_exempt_is_a_part")),
        sa.PrimaryKeyConstraint("grain", "day", "dimensions", name=op.f("pk_cell")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_cell_block", "cell", ["block"])
    op.create_table(
        "verification",
        sa.Column("id", BIG_ID, sa.Identity(), nullable=False),
        sa.Column("verified_at", sa.BigInteger(), nullable=False),
        sa.Column("block", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verification")),
    )
