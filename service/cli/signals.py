"""Reads signals for the command line; the audit names the operator."""

import uuid
from typing import Any

from schemas.signals import signals_document
from service.commands.auditing import Caller
from service.commands.signals import record_reading
from service.domain.keys import OPERATOR_KEY_ID
from service.ledger import Ledger
from service.queries.keys import ApiKeyCache
from service.queries.reports import Reporter


def read_signals(ledger: Ledger, query: dict[str, Any]) -> dict[str, Any]:
    """The document of a report of signals; the audit has the reading before. Raises ValidationFailed."""
    answered = Reporter(ledger).signals(query["question"], query["rules"])
    record_reading(ledger, answered.answer.question, query["rules"], Caller(OPERATOR_KEY_ID, str(uuid.uuid4())))
    return signals_document(answered.answer, ApiKeyCache(ledger).name_of, str(answered.state.position))
