"""The tail is the end of the journal: no table and no trigger of its own (docs/decisions/0009).

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import sqlite

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sqlite.INTEGER(), "sqlite")


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER journal_into_tail")
    else:
        op.execute("DROP TRIGGER journal_into_tail ON journal")
        op.execute("DROP FUNCTION journal_into_tail()")
    op.drop_table("tail")


def downgrade() -> None:
    op.create_table(
        "tail",
        sa.Column("seq", BIG_ID, autoincrement=False, nullable=False),
        sa.Column("resident", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_tail")),
    )
    op.execute(
        "INSERT INTO tail (seq, resident) SELECT seq, resident FROM journal "
        "WHERE seq > (SELECT coalesce(max(last_seq), 0) FROM block)"
    )
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE TRIGGER journal_into_tail AFTER INSERT ON journal "
            "BEGIN INSERT INTO tail (seq, resident) VALUES (new.seq, new.resident); END"
        )
        return
    op.execute(
        "CREATE FUNCTION journal_into_tail() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "BEGIN INSERT INTO tail (seq, resident) SELECT seq, resident FROM added; RETURN NULL; END $$"
    )
    op.execute(
        "CREATE TRIGGER journal_into_tail AFTER INSERT ON journal REFERENCING NEW TABLE AS added "
        "FOR EACH STATEMENT EXECUTE FUNCTION journal_into_tail()"
    )
