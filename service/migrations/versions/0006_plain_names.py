"""Plain names: a MAC is called a MAC, what is encrypted is called encrypted; to seal is to close a block.

Revision ID: 0006
Revises: 0005
"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_NAMES = {
    "resident": (("number_sealed", "number_encrypted"), ("name_sealed", "name_encrypted")),
    "fact": (("seal", "mac"),),
    "idempotency": (("seal", "mac"),),
}


def upgrade() -> None:
    for table, names in _NAMES.items():
        for before, after in names:
            op.execute(f"ALTER TABLE {table} RENAME COLUMN {before} TO {after}")


def downgrade() -> None:
    for table, names in _NAMES.items():
        for before, after in names:
            op.execute(f"ALTER TABLE {table} RENAME COLUMN {after} TO {before}")
