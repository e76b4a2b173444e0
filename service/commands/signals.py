"""Notes in the audit that somebody reads signals: before the answer leaves, so that no reading goes unrecorded."""

from collections.abc import Sequence

from service.commands.auditing import Caller, record
from service.domain.reports import Question
from service.domain.signals import SignalRule
from service.ledger import Ledger

READ_ACTION = "signals:read"
"""The action that the audit names; a report of signals is about no resident in particular."""


def record_reading(ledger: Ledger, question: Question, rules: Sequence[SignalRule], caller: Caller) -> None:
    """Records which days, trade points and rules a caller reads the signals of."""
    points = sorted(dict(question.filters).get("trade_point", ()))
    asked = f"{question.span.start} to {question.span.end}; trade points: {', '.join(points) or 'all'}"
    with ledger.database.writing() as connection:
        record(connection, ledger, caller, READ_ACTION, f"{asked}; rules: {', '.join(rules)}")
