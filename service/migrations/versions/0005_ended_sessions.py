"""Ended sessions: a cookie whose session was signed out, or has expired, is never taken again.

Revision ID: 0006
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ended_session",
        sa.Column("no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("session", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("no > 0", name=op.f("ck_ended_session_numbers_begin_at_one")),
        sa.PrimaryKeyConstraint("no", name=op.f("pk_ended_session")),
        sa.UniqueConstraint("session", name=op.f("uq_ended_session_session")),
    )


def downgrade() -> None:
    op.drop_table("ended_session")
