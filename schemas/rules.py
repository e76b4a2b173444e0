"""The rules that are in force on a business day, on the wire."""

from typing import Any

from marshmallow import fields

from schemas.fields import BusinessDay, TradingDay
from schemas.rule_files import FreeKg, LimitCny
from schemas.strict import StrictSchema


class RulesQuerySchema(StrictSchema):
    """The business day; today if it is left out."""

    day = TradingDay()


class RuleFileNameSchema(StrictSchema):
    """A rule file of the operator."""

    no = fields.Integer(required=True)
    name = fields.String(required=True)


class RuleInForceSchema(StrictSchema):
    """When a rule holds, where it comes from, and whether it is confirmed for the day.

    `file` is null for a row that ships.
    """

    valid_from = BusinessDay(required=True, attribute="rule.basis.valid_from")
    valid_to = BusinessDay(required=True, allow_none=True, attribute="rule.basis.valid_to")
    legal_basis = fields.String(required=True, attribute="rule.basis.legal_basis")
    source = fields.String(required=True, attribute="rule.basis.source")
    verified = fields.Boolean(required=True, attribute="is_verified")
    file = fields.Nested(RuleFileNameSchema, required=True, allow_none=True)


class ValueLimitSchema(RuleInForceSchema):
    """What one resident may bring in free of duty on the day."""

    limit_cny = LimitCny(required=True, attribute="rule.limit_fen")


class NamedRuleSchema(RuleInForceSchema):
    """A rule with a code, its names, and the beginnings of its HS codes."""

    name = fields.String(required=True, attribute="rule.name")
    zh = fields.String(required=True, attribute="names.zh")
    en = fields.String(required=True, attribute="names.en")
    mn = fields.String(required=True, attribute="names.mn")
    hs_prefixes = fields.List(fields.String(), required=True, attribute="rule.hs_prefixes")


class ListGroupSchema(NamedRuleSchema):
    """Goods that share a free weight for each resident and business day."""

    free_kg = FreeKg(required=True, attribute="rule.free_g")


class CategorySchema(NamedRuleSchema):
    """A business group of goods; with `hs_code_required` an import without an HS code is refused."""

    hs_code_required = fields.Boolean(required=True, attribute="rule.hs_code_required")


class RulesSchema(StrictSchema):
    """All rules of a business day; entries that they judge bear their `rule_version` and their `rule_verified`."""

    day = BusinessDay(required=True)
    rule_version = fields.String(required=True)
    rule_verified = fields.Boolean(required=True)
    value_limits = fields.List(fields.Nested(ValueLimitSchema), required=True)
    list_groups = fields.List(fields.Nested(ListGroupSchema), required=True)
    categories = fields.List(fields.Nested(CategorySchema), required=True)


def rules_document(in_force: object) -> dict[str, Any]:
    """The answer for the rules of a day."""
    document: dict[str, Any] = _RULES.dump(in_force)
    return document


_RULES = RulesSchema()
