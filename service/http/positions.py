"""Positions in requests and answers: how new an answer has to be, and how new it is.

The header Hushi-Min-Position asks for an answer that is at least as new as a position. Hushi-Position tells the
position of an answer. Within one server nobody needs to ask: it remembers what it has told each caller.
"""

import re
import time

from flask import Response, request

from service.domain.errors import ValidationFailed
from service.figures import caller_marks
from service.http.context import app_context
from service.http.request_context import RequestContext, request_context
from service.queries.report_sources import Chosen, ReportSources, WantedPosition, count_report, not_reached
from service.storage.faults import DatabaseUnavailable

MIN_POSITION = "Hushi-Min-Position"
POSITION = "Hushi-Position"
_WRITTEN = re.compile(r"(0|[1-9][0-9]{0,17})\.(0|[1-9][0-9]{0,17})", re.ASCII)
PATTERN = rf"^{_WRITTEN.pattern}$"


def wanted_position(sent: str | None) -> WantedPosition | None:
    """The position that an answer must have reached, from the header; None without one. Raises ValidationFailed."""
    if sent is None:
        return None
    written = _WRITTEN.fullmatch(sent.strip())
    if written is None:
        raise ValidationFailed.of(
            f"/{MIN_POSITION}",
            "position-invalid",
            f"Send {MIN_POSITION} as <block>.<tail>, such as 12.3: the {POSITION} of an earlier answer.",
        )
    return int(written[1]), int(written[2])


def choose_source(wanted: WantedPosition | None, *, is_again: bool = False) -> Chosen:
    """Chooses where the report of the current request comes from, and notes it in its context.

    With `is_again` it chooses the primary, in place of a standby that has failed. Raises Unavailable.
    """
    context, sources = request_context(), app_context().sources
    assert context.look is not None, "who may read reports is looked up at the primary, or at a standby without one"
    choose = sources.again if is_again else sources.choose
    context.chosen = choose(context.caller.id, context.look, wanted)
    count_report(context.chosen)
    return context.chosen


def refuse_future_positions() -> None:
    """For an answer that the primary gives, which has everything. Raises Unavailable when the wanted one is newer."""
    wanted, newest = wanted_position(request.headers.get(MIN_POSITION)), request_context().state
    assert newest is not None, "a caller is let in at a state of the ledger"
    if wanted is not None and (newest.position.block, newest.position.tail_length) < wanted:
        raise not_reached(wanted)


def note_told(response: Response) -> None:
    """Remembers that the current request's answer tells its caller what the primary holds now.

    The answer to a write names a position that holds it: the caller may hand it on to another server. Without a standby
    nothing needs to be remembered: every answer comes from the primary.
    """
    is_keyed = "Idempotency-Key" in request.headers
    position = told_position(request_context(), app_context().sources, response.status_code, is_keyed=is_keyed)
    if position is not None:
        response.headers[POSITION] = position


def told_position(context: RequestContext, sources: ReportSources, status: int, *, is_keyed: bool) -> str | None:
    """Does what `note_told` does for an answer with this status; the position that it has to name, if any."""
    if sources.standby is None or context.api_key is None or context.chosen is not None:
        return None
    if context.look is not None and status >= 400:
        return None  # A report that was refused tells nothing of the ledger.
    caller = context.api_key.id
    caller_marks.note_told(caller, time.monotonic())
    if status >= 300 or not (status == 201 or is_keyed):
        return None
    sources.note_written()
    try:
        look = sources.look()
    except DatabaseUnavailable:
        return None
    if look.logged is None:
        return None
    caller_marks.note_found(caller, look.since_s, look.logged.lsn)
    return str(look.logged.state.position)
