"""The tables of the register: what is recorded of people, groups, keys, consignments, mandates and rules.

Each row is a fact that the table `fact` names, but for `key_use`. service.storage.tables has the other tables.
"""

from typing import Any

import sqlalchemy as sa

from service.storage.columns import BigId, DayType, InstantType

NAMING_CONVENTION = {
    "pk": "pk_%(table_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
}

metadata = sa.MetaData(naming_convention=NAMING_CONVENTION)


def _recorded_by() -> sa.Column[Any]:
    """The id of the API key that recorded a row, 0 for the operator; null in rows from before it was recorded."""
    return sa.Column("recorded_by", sa.Integer)


market_group = sa.Table(
    "market_group",
    metadata,
    sa.Column("ordinal", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("created_at", InstantType, nullable=False),
    _recorded_by(),
)

resident = sa.Table(
    "resident",
    metadata,
    # The command gives the ordinals, from 1 without gaps; the cipher texts are bound to the ordinal.
    sa.Column("ordinal", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("number_digest", sa.LargeBinary, nullable=False, unique=True),
    sa.Column("number_encrypted", sa.LargeBinary, nullable=False),
    sa.Column("name_encrypted", sa.LargeBinary, nullable=False),
    sa.Column("registered_on", DayType, nullable=False),
    sa.Column("valid_until", DayType),
    sa.Column("settlement", sa.Text),
    sa.Column("created_at", InstantType, nullable=False),
    _recorded_by(),
    sa.CheckConstraint("ordinal BETWEEN 1 AND 99999999", name="ordinal_is_public"),
    sa.CheckConstraint("valid_until IS NULL OR valid_until >= registered_on", name="valid_after_registration"),
    sa.Index("ix_resident_settlement", "settlement"),
)

resident_status = sa.Table(
    "resident_status",
    metadata,
    sa.Column("id", BigId, sa.Identity(), primary_key=True),
    sa.Column("resident", sa.Integer, sa.ForeignKey("resident.ordinal"), nullable=False),
    sa.Column("effective_on", DayType, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("recorded_at", InstantType, nullable=False),
    _recorded_by(),
    sa.CheckConstraint("status IN ('active', 'suspended', 'cancelled')", name="status_is_known"),
    sa.Index("ix_resident_status_resident_effective_on", "resident", "effective_on"),
)

resident_group = sa.Table(
    "resident_group",
    metadata,
    sa.Column("id", BigId, sa.Identity(), primary_key=True),
    sa.Column("resident", sa.Integer, sa.ForeignKey("resident.ordinal"), nullable=False),
    sa.Column("effective_on", DayType, nullable=False),
    sa.Column("market_group", sa.Integer, sa.ForeignKey("market_group.ordinal")),
    sa.Column("recorded_at", InstantType, nullable=False),
    _recorded_by(),
    sa.Index("ix_resident_group_resident_effective_on", "resident", "effective_on"),
    sa.Index("ix_resident_group_market_group", "market_group"),
)

api_key = sa.Table(
    "api_key",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("digest", sa.LargeBinary, nullable=False, unique=True),
    sa.Column("scopes", sa.Text, nullable=False),
    sa.Column("created_at", InstantType, nullable=False),
    sa.Column("revoked_at", InstantType),
    # A key that is bound to a trade point sees and writes that point only.
    sa.Column("trade_point", sa.Text),
    sa.Column("expires_at", InstantType),
)

key_use = sa.Table(
    "key_use",
    metadata,
    # The last business day on which a key was used. It is a note and no fact: it changes, and nothing depends on it.
    sa.Column("api_key", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("last_used_on", DayType, nullable=False),
)

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("id", BigId, sa.Identity(), primary_key=True),
    sa.Column("at", InstantType, nullable=False),
    sa.Column("api_key", sa.Integer, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("resident", sa.Integer, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("request_id", sa.Text, nullable=False),
)

fact = sa.Table(
    "fact",
    metadata,
    # The register of what was recorded in the six tables above. A row stands for one row there, by its kind and its id.
    sa.Column("no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("id", sa.BigInteger, nullable=False),
    # A keyed digest of the row, of its number, and of the MAC before (service.domain.macs).
    sa.Column("mac", sa.LargeBinary, nullable=False),
    sa.UniqueConstraint("kind", "id"),
    sa.CheckConstraint("no > 0", name="numbers_begin_at_one"),
)

consignment = sa.Table(
    "consignment",
    metadata,
    # One truck or lot. Its id is given by the command, from 1 without gaps.
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("trade_point", sa.Text, nullable=False),
    sa.Column("consignment", sa.Text, nullable=False),
    sa.Column("vehicle_plate", sa.Text),
    sa.Column("seller", sa.Text),
    sa.Column("arrived_at", InstantType, nullable=False),
    sa.Column("recorded_at", InstantType, nullable=False),
    sa.Column("recorded_by", sa.Integer, nullable=False),
    sa.UniqueConstraint("trade_point", "consignment"),
    sa.CheckConstraint("recorded_by >= 0", name="recorded_by_a_key_or_the_operator"),
)

consignment_line = sa.Table(
    "consignment_line",
    metadata,
    sa.Column("id", BigId, sa.Identity(), primary_key=True),
    sa.Column("consignment", sa.Integer, sa.ForeignKey("consignment.id"), nullable=False),
    sa.Column("no", sa.Integer, nullable=False),
    sa.Column("category", sa.Text, nullable=False),
    sa.Column("commodity", sa.Text, nullable=False),
    sa.Column("hs_code", sa.Text),
    sa.Column("origin", sa.Text, nullable=False),
    sa.Column("quantity_g", sa.BigInteger, nullable=False),
    sa.Column("amount_fen", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("consignment", "no"),
    sa.CheckConstraint("no > 0", name="numbers_begin_at_one"),
    sa.CheckConstraint("quantity_g > 0 AND amount_fen > 0", name="holds_goods"),
)

mandate = sa.Table(
    "mandate",
    metadata,
    # A resident's permission for a representative to declare for them, both days included.
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("representative", sa.Integer, sa.ForeignKey("resident.ordinal"), nullable=False),
    sa.Column("resident", sa.Integer, sa.ForeignKey("resident.ordinal"), nullable=False),
    sa.Column("valid_from", DayType, nullable=False),
    sa.Column("valid_until", DayType, nullable=False),
    sa.Column("recorded_at", InstantType, nullable=False),
    sa.Column("recorded_by", sa.Integer, nullable=False),
    sa.CheckConstraint("id BETWEEN 1 AND 99999999", name="id_is_public"),
    sa.CheckConstraint("representative <> resident", name="representative_is_another"),
    # A day is an integer such as 20240630, so a year later is 10,000 more.
    sa.CheckConstraint("valid_until BETWEEN valid_from AND valid_from + 10000", name="a_year_at_most"),
    sa.CheckConstraint("recorded_by >= 0", name="recorded_by_a_key_or_the_operator"),
    sa.Index("ix_mandate_resident_representative", "resident", "representative"),
    sa.Index("ix_mandate_representative", "representative"),
)

mandate_withdrawal = sa.Table(
    "mandate_withdrawal",
    metadata,
    # From this day on the mandate permits nothing; what was declared before stays.
    sa.Column("id", BigId, sa.Identity(), primary_key=True),
    sa.Column("mandate", sa.Integer, sa.ForeignKey("mandate.id"), nullable=False, unique=True),
    sa.Column("effective_on", DayType, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("recorded_at", InstantType, nullable=False),
    sa.Column("recorded_by", sa.Integer, nullable=False),
    sa.CheckConstraint("recorded_by >= 0", name="recorded_by_a_key_or_the_operator"),
)

rule_file = sa.Table(
    "rule_file",
    metadata,
    # A file of dated rules that the operator has added, as it was read. The numbers begin at 1 and have no gaps.
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("sha256", sa.LargeBinary, nullable=False, unique=True),
    sa.Column("recorded_at", InstantType, nullable=False),
    sa.Column("recorded_by", sa.Integer, nullable=False),
    sa.CheckConstraint("id > 0", name="numbers_begin_at_one"),
    sa.CheckConstraint("recorded_by >= 0", name="recorded_by_a_key_or_the_operator"),
)
