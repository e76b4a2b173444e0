"""Warnings on the wire: what to check about a trade that was accepted all the same."""

from typing import Any

from marshmallow import fields

from schemas.strict import StrictSchema
from service.domain.transactions import Transaction
from service.domain.warnings import CODES, PRICE_UNUSUAL, warnings_of


class WarningSchema(StrictSchema):
    """One warning: its code, and a sentence with the figures that says what to check."""

    code = fields.String(required=True, metadata={"enum": list(CODES)})
    detail = fields.String(required=True)


def warnings_document(entry: Transaction) -> list[dict[str, str]]:
    """The warnings of an entry; an empty list without one."""
    stored = entry.warnings
    if entry.reverses is not None or (stored is None and entry.rule_verified is not False):
        return []
    if stored is not None and PRICE_UNUSUAL in stored:  # Its sentence has the price of the trade, which is its own.
        return _document(entry)
    said = stored, entry.rule_verified, entry.day, entry.category, entry.hs_code
    found = _known.get(said)
    if found is None:
        if len(_known) >= KNOWN_MAX:
            _known.clear()
        found = _known[said] = _document(entry)
    return found


KNOWN_MAX = 10_000
_known: dict[tuple[Any, ...], list[dict[str, str]]] = {}
"""The documents of warnings whose sentences say nothing else of an entry than these values. Nobody changes them."""


def _document(entry: Transaction) -> list[dict[str, str]]:
    return [warning._asdict() for warning in warnings_of(entry)]
