"""Briefs on the wire: the paragraph, its claims, and the days that it is about."""

from datetime import date

from marshmallow import fields

from schemas.periods import FilteredDocumentSchema, filters_document, periods_document
from schemas.strict import StrictSchema
from service.domain.brief import Brief, Claim, Facts, Lang
from service.domain.brief.facts import DIRECTION_PREFIX
from service.domain.brief.processed import PROCESSED, SHARE
from service.domain.growth import format_growth_pct, format_ratio
from service.domain.money import format_cny


class ClaimSchema(StrictSchema):
    """A phrase of the text and its figures: amounts as text, counts as integers, null where there is no figure."""

    phrase = fields.String(required=True)
    measure = fields.String(
        required=True,
        metadata={
            "description": (
                "amount_cny, participations, residents or registered_at_end; of a category that is new, category: and "
                "its code, such as category:packaged_food, whose figures count transactions; of the parts of a "
                "value that is of both directions, direction:import and direction:export, whose figures are amounts; "
                "of what has gone on to landing processing, processing:amount_cny, processing:share_of_imports_pct "
                "(percent as text) and processing:enterprises, all by the trades' business day."
            )
        },
    )
    current = fields.Raw(required=True)
    base = fields.Raw(required=True, allow_none=True)
    growth_pct = fields.String(required=True, allow_none=True)
    ratio = fields.String(required=True, allow_none=True)


class BriefSchema(FilteredDocumentSchema):
    """The paragraph that a bureau publishes, and a claim behind every phrase."""

    text = fields.String(required=True)
    claims = fields.List(fields.Nested(ClaimSchema), required=True)
    lang = fields.String(required=True)
    registered_on = fields.Date(required=True)
    registered_base_on = fields.Date(required=True, allow_none=True)


def brief_document(brief: Brief, facts: Facts, lang: Lang, position: str) -> dict[str, object]:
    """Makes the document of a brief; `base_period` and `registered_base_on` are null where nothing is compared."""
    base_on: date | None = facts.registered_base_on if facts.is_compared else None
    return {
        "text": brief.text,
        "claims": [_claim_document(claim) for claim in brief.claims],
        "lang": lang,
        **periods_document(facts.period, facts.base_period),
        "filters": filters_document(facts.filters),
        "registered_on": facts.registered_on.isoformat(),
        "registered_base_on": None if base_on is None else base_on.isoformat(),
        "through": facts.registered_on.isoformat(),
        "position": position,
    }


def _claim_document(claim: Claim) -> dict[str, object]:
    return {
        "phrase": claim.phrase,
        "measure": claim.measure,
        "current": _figure(claim.measure, claim.current),
        "base": _figure(claim.measure, claim.base),
        "growth_pct": format_growth_pct(claim.growth_pct),
        "ratio": format_ratio(claim.ratio),
    }


def _figure(measure: str, value: int | None) -> object:
    if measure == SHARE:
        return format_growth_pct(value)
    is_amount = measure in {"amount_cny", PROCESSED} or measure.startswith(DIRECTION_PREFIX)
    return format_cny(value) if is_amount and value is not None else value
