"""The journal says under which API key an entry was accepted; entries from before say nothing.

Revision ID: 0007
Revises: 0006
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "ALTER TABLE journal ADD COLUMN recorded_by INTEGER "
        "CONSTRAINT ck_journal_recorded_by_a_key_or_the_operator CHECK (recorded_by >= 0)"
    )


def downgrade() -> None:
    """Who recorded what is lost, and blocks that hold it don't verify any more."""
    op.execute("ALTER TABLE journal DROP COLUMN recorded_by")
