"""Seals: the register of facts about people, groups, keys and audits, and a seal on each answer to a key.

What was recorded before is sealed by service.storage.schema in the same transaction: a migration has no secrets.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE idempotency RENAME COLUMN fingerprint TO seal")
    op.create_table(
        "fact",
        sa.Column("no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("seal", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("no > 0", name=op.f("ck_fact_numbers_begin_at_one")),
        sa.PrimaryKeyConstraint("no", name=op.f("pk_fact")),
        sa.UniqueConstraint("kind", "id", name=op.f("uq_fact_kind_id")),
    )
    if op.get_bind().dialect.name == "sqlite":
        for action in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER fact_refuses_{action.lower()} BEFORE {action} ON fact "
                "BEGIN SELECT RAISE(ABORT, 'fact is append-only: what was recorded stays recorded'); END"
            )
    else:
        op.execute(
            "CREATE TRIGGER fact_refuses_change BEFORE UPDATE OR DELETE OR TRUNCATE ON fact "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    """What is sealed stays: the version before takes the seals for fingerprints that fit no request."""
    op.execute("ALTER TABLE idempotency RENAME COLUMN seal TO fingerprint")
    op.drop_table("fact")
