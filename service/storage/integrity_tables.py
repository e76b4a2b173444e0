"""The tables of the self-check and of `hushi verify`: what was found, repaired and verified.

None of them is a fact. What they say can be found again from the journal, so a person who changes them hides nothing
for long, and the record of a verified block has a MAC.
"""

import sqlalchemy as sa

from service.storage.columns import BigId, DayType, InstantType
from service.storage.register_tables import metadata

self_check = sa.Table(
    "self_check",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    # How many days the service has recounted, and how many of them had a cell that was not what its parts add up to.
    sa.Column("checks", sa.BigInteger, nullable=False),
    sa.Column("mismatches", sa.BigInteger, nullable=False),
    # The newest of these checks.
    sa.Column("checked_at", InstantType, nullable=False),
    sa.Column("day", DayType, nullable=False),
    # The first cell that was found wrong, as JSON, until a repair or `hushi verify` has found all cells right.
    sa.Column("fault", sa.Text),
    sa.CheckConstraint("id = 1", name="only_row"),
)

cell_repair = sa.Table(
    "cell_repair",
    metadata,
    sa.Column("id", BigId, sa.Identity(), primary_key=True),
    sa.Column("repaired_at", InstantType, nullable=False),
    # The newest block and the newest fact of a transfer that the cells held then.
    sa.Column("block", sa.Integer, nullable=False),
    sa.Column("fact", sa.Integer, nullable=False),
    # How many cells of each kind were written or deleted.
    sa.Column("cells", sa.Integer, nullable=False),
    sa.Column("processing_cells", sa.Integer, nullable=False),
    # What was wrong with the first of them, as a JSON array of sentences.
    sa.Column("changes", sa.Text, nullable=False),
)

verified_block = sa.Table(
    "verified_block",
    metadata,
    sa.Column("id", BigId, sa.Identity(), primary_key=True),
    # The entries of all blocks up to this one were hashed, and are those that the chain has sealed.
    sa.Column("block", sa.Integer, nullable=False),
    sa.Column("hash", sa.LargeBinary, nullable=False),
    sa.Column("verified_at", InstantType, nullable=False),
    # Whether the run has also found everything else right that `hushi verify` checks.
    sa.Column("is_whole", sa.Boolean, nullable=False),
    # A keyed digest of the other columns: without the secrets, nobody can say that a block was verified.
    sa.Column("mac", sa.LargeBinary, nullable=False),
)
