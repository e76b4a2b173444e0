"""The report of signals on the wire: what gives a reason to look, by which figures, and how its trades are listed."""

from collections.abc import Callable, Mapping
from typing import Any, cast
from urllib.parse import urlencode

from marshmallow import fields, post_load

from schemas.choices import OneOf
from schemas.fields import Instant
from schemas.periods import THROUGH, filters_document, period_document
from schemas.reports import QuestionSchema, question_fields
from schemas.several import Several
from schemas.strict import StrictSchema
from service.domain.enterprises import enterprise_id
from service.domain.money import format_cny
from service.domain.prices import DEVIATIONS, TRADES_MIN, price_text
from service.domain.residents import resident_id
from service.domain.signals import (
    BUYER_KINDS,
    COMPARATORS,
    CONSIGNMENT_RESIDENTS_MIN,
    FIGURES,
    IDS_MAX,
    KEY_RESIDENTS_MAX,
    KEY_SPAN,
    LIMIT_DAYS_MIN,
    LIMIT_PERCENT_MIN,
    LIMIT_WINDOW_DAYS,
    NEVER_DECLARING_MIN,
    RULES,
    SUBJECT_KINDS,
    Buyer,
    Compared,
    EntryScope,
    EntrySums,
    Signal,
    SignalRule,
    SignalsReport,
)
from service.domain.transactions import FIRST_TRADING_DAY

SIGNAL_FORMATS = ("json", "csv")
LISTS = ("trade_point", "rule")
"""The query parameters that may be repeated or hold several values with commas."""

_ADDRESS = "/v1/transactions"
_INSTANT = Instant()

_LIMIT_PCT = f"{LIMIT_PERCENT_MIN}.00"
THRESHOLDS: Mapping[SignalRule, Mapping[str, int | str]] = {
    "consignment-one-buyer": {"residents_at_limit": CONSIGNMENT_RESIDENTS_MIN, "limit_used_pct": _LIMIT_PCT},
    "key-many-residents": {
        "residents_in_an_hour": KEY_RESIDENTS_MAX, "minutes": int(KEY_SPAN.total_seconds()) // 60,
    },
    "resident-at-limit": {
        "days_at_limit": LIMIT_DAYS_MIN, "of_days": LIMIT_WINDOW_DAYS, "limit_used_pct": _LIMIT_PCT,
    },
    "price-of-month": {"deviations": DEVIATIONS, "trades": TRADES_MIN},
    "never-self-declared": {"residents_never_declaring": NEVER_DECLARING_MIN},
}  # fmt: skip
"""The thresholds of each rule by name; pages put them into their sentences."""


class SignalsQuestionSchema(QuestionSchema):
    """The base of the query for signals: a question, and the rules in their order."""

    @post_load
    def question(self, data: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        """Puts the values into a question, and says which rules are asked for: all of them where none is named."""
        rules = tuple(rule for rule in RULES if rule in data.get("rule", RULES))
        asked: dict[str, Any] = super().question(data)
        return {**asked, "rules": rules}


SignalsQuerySchema = cast(
    type[StrictSchema],
    SignalsQuestionSchema.from_dict(
        {
            **{name: question_fields(None)[name] for name in ("from", "to", "period", "ytd", "trade_point")},
            "rule": Several(OneOf(*RULES)),
            "format": OneOf(*SIGNAL_FORMATS),
        },
        name="SignalsQuerySchema",
    ),
)


class SignalPartySchema(StrictSchema):
    """Whom or what a signal is about, or who is behind it; the name of a resident is masked."""

    kind = fields.String(required=True, metadata={"enum": sorted({*SUBJECT_KINDS, *BUYER_KINDS})})
    id = fields.String(required=True)
    name = fields.String(required=True, allow_none=True)


class ComparedSchema(StrictSchema):
    """A figure and the threshold that it was compared with: counts are integers, prices and percents texts."""

    figure = fields.String(required=True, metadata={"enum": list(FIGURES)})
    value = fields.Raw(required=True, metadata={"type": ["integer", "string"]})
    comparator = fields.String(required=True, metadata={"enum": list(COMPARATORS)})
    threshold = fields.Raw(required=True, metadata={"type": ["integer", "string"]})


class SignalEntriesSchema(StrictSchema):
    """The live trades behind a signal, and the filters with which `/v1/transactions` lists them."""

    transactions = fields.Integer(required=True)
    residents = fields.Integer(required=True)
    amount_cny = fields.String(required=True)
    transaction_ids = fields.List(
        fields.UUID(), required=True, metadata={"description": f"The oldest of them, at most {IDS_MAX}."}
    )
    filters = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    address = fields.String(required=True, metadata={"description": "The list of the trades with these filters."})
    lists_others = fields.Boolean(
        required=True, metadata={"description": "Whether the list may hold other trades as well."}
    )


class SignalSchema(StrictSchema):
    """A reason to look. It is no verdict: what it compared may have a good explanation."""

    rule = fields.String(required=True, metadata={"enum": list(RULES)})
    subject = fields.Nested(SignalPartySchema, required=True)
    buyer = fields.Nested(
        SignalPartySchema,
        required=True,
        allow_none=True,
        metadata={"description": "Who is behind all residents at the limit on a consignment; null for other rules."},
    )
    period = fields.Dict(required=True, metadata={"description": "The business days of the trades."})
    compared = fields.List(fields.Nested(ComparedSchema), required=True)
    entries = fields.Nested(SignalEntriesSchema, required=True)


class FoundSchema(StrictSchema):
    """How many signals of a rule there are, how many of them are shown, and by which thresholds."""

    rule = fields.String(required=True, metadata={"enum": list(RULES)})
    found = fields.Integer(required=True)
    shown = fields.Integer(required=True)
    thresholds = fields.Dict(required=True)


class SignalsReportSchema(StrictSchema):
    """Signals by rule, the strongest first. They refuse nothing; each reading is a record of the audit."""

    period = fields.Dict(required=True)
    filters = fields.Dict(required=True)
    rules = fields.List(fields.Nested(FoundSchema), required=True)
    signals = fields.List(fields.Nested(SignalSchema), required=True)
    through = fields.Date(required=True, metadata=THROUGH)
    position = fields.String(required=True)


_Names = Callable[[int], str | None]


def signals_document(report: SignalsReport, key_name: _Names, position: str) -> dict[str, Any]:
    """Makes the document of a report of signals; `key_name` gives the name of an API key by its id."""
    return {
        "period": period_document(report.question.period),
        "filters": filters_document(report.question.filters),
        "rules": [
            {
                "rule": each.rule,
                "found": each.found,
                "shown": len(each.signals),
                "thresholds": dict(THRESHOLDS[each.rule]),
            }
            for each in report.found
        ],
        "signals": [
            _signal(signal, entries, report, key_name) for each in report.found for signal, entries in each.signals
        ],
        "through": report.question.through.isoformat(),
        "position": position,
    }


def _signal(signal: Signal, entries: EntrySums, report: SignalsReport, key_name: _Names) -> dict[str, Any]:
    filters = transaction_filters(signal)
    return {
        "rule": signal.rule,
        "subject": _subject(signal, report.names, key_name),
        "buyer": None if signal.buyer is None else _buyer(signal.buyer, report),
        "period": period_document(signal.scope.period),
        "compared": [_compared(one) for one in signal.compared],
        "entries": {
            "transactions": entries.transactions,
            "residents": entries.residents,
            "amount_cny": format_cny(entries.amount_fen),
            "transaction_ids": [str(one) for one in entries.transaction_ids],
            "filters": filters,
            "address": f"{_ADDRESS}?{urlencode(filters)}",
            "lists_others": lists_others(signal.scope),
        },
    }


def _subject(signal: Signal, names: Mapping[int, str], key_name: _Names) -> dict[str, Any]:
    kind, subject = signal.subject_kind, signal.subject
    if kind == "resident":
        return {"kind": kind, "id": resident_id(int(subject)), "name": names.get(int(subject))}
    name = key_name(int(subject)) if kind == "api_key" else None
    return {"kind": kind, "id": str(subject), "name": name}


def _buyer(buyer: Buyer, report: SignalsReport) -> dict[str, Any]:
    if buyer.kind == "declarant":
        return {"kind": buyer.kind, "id": resident_id(int(buyer.key)), "name": report.names.get(int(buyer.key))}
    if buyer.kind == "enterprise":
        return {"kind": buyer.kind, "id": enterprise_id(int(buyer.key)), "name": report.enterprises.get(int(buyer.key))}
    return {"kind": buyer.kind, "id": str(buyer.key), "name": None}


def _compared(one: Compared) -> dict[str, Any]:
    return {
        "figure": one.figure,
        "value": _figure(one.figure, one.value),
        "comparator": one.comparator,
        "threshold": _figure(one.figure, one.threshold),
    }


def _figure(name: str, value: int) -> int | str:
    if name.endswith("_pct"):
        return f"{value // 100}.{value % 100:02d}"
    return price_text(value) if name.endswith("_per_kg") else value


def transaction_filters(signal: Signal) -> dict[str, str]:
    """The query with which `/v1/transactions` lists the trades behind a signal."""
    scope = signal.scope
    declarant, resident = scope.declarant, scope.resident
    recorded = (("recorded_from", scope.recorded_from), ("recorded_to", scope.recorded_to))
    stated = {
        "consignment": scope.consignment,
        "vehicle_plate": scope.vehicle_plate,
        "commodity": scope.commodity,
        "direction": scope.direction,
        "resident_id": None if resident is None else resident_id(resident),
        "declarant_id": None if declarant is None else resident_id(declarant),
        "recorded_by": None if scope.api_key is None else str(scope.api_key),
        "trade_point": None if scope.trade_points is None else ",".join(sorted(scope.trade_points)),
        **{name: None if at is None else _INSTANT.render(at) for name, at in recorded},
        # The ledger has no trade before this day, and the list takes no day before it.
        "from": max(scope.first_day, FIRST_TRADING_DAY).isoformat(),
        "to": max(scope.last_day, FIRST_TRADING_DAY).isoformat(),
        "kind": "trade",
        "reversed": "false",
    }
    return {name: value for name, value in stated.items() if value is not None}


def lists_others(scope: EntryScope) -> bool:
    """Whether the list may hold trades that are not behind the signal.

    A list can't be narrowed to trades without a consignment, to prices, or to residents who never declare.
    """
    return scope.vehicle_plate is not None or bool(scope.places) or scope.declarant is not None
