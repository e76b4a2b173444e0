"""Wires the HTTP service together: it makes a ledger and a WSGI application from the settings."""

import functools
import os
import sys
import threading
import time
from collections.abc import Callable

import structlog
from flask import Flask, Response, request

from service.commands.committer import Committer
from service.commands.key_uses import KeyUses
from service.config import read_settings
from service.domain.errors import Unauthenticated
from service.figures import tracing
from service.figures.answering import REPLAYS
from service.figures.machine import CUBE_BYTES
from service.figures.posting import QUEUE_LENGTH
from service.http import metrics
from service.http.admission import Admission
from service.http.api import (
    audit,
    batches,
    bulletins,
    consignments,
    enterprises,
    health,
    ledger,
    mandates,
    processing_batches,
    reports,
    residents,
    reversals,
    rules,
    signals,
    trace,
    transaction_lists,
    transactions,
    transfers,
)
from service.http.clients import Clients
from service.http.context import AppContext, app_context, attach_context
from service.http.entering import Entrance
from service.http.openapi import reference_routes
from service.http.positions import note_told
from service.http.problems import register_problems
from service.http.quick_posts import QuickPosts
from service.http.reading import ReadQueue
from service.http.request_context import RequestContext, request_context
from service.http.response_cache import ResponseCache
from service.http.routes import Routes, register_routes
from service.http.traced import TracedRequests
from service.http.vitals import VitalSigns
from service.http.web.pages import register_pages
from service.ledger import Ledger
from service.queries.keys import ApiKeyCache
from service.queries.ledger_state import LedgerStateReader
from service.queries.report_sources import ReportSource, sources_of
from service.queries.reports import Reporter
from service.queries.sessions import EndedSessions
from service.queries.standby_condition import StandbyWatch
from service.server.lifetimes import end_with_any_thread, end_with_the_parent
from service.server.logs import configure_logs, let_nothing_wait_for_standard_error, log_request
from service.server.memory import keep_what_is_loaded, look_for_cycles_rarely
from service.server.opening import open_or_end
from service.server.sampling import sampler_of
from service.server.stalled import StalledConnections
from service.server.traces import begin_tracing
from service.storage.identity import FileId

FAMILIES: tuple[Routes, ...] = (
    residents.routes,
    audit.routes,
    transactions.routes,
    transaction_lists.routes,
    batches.routes,
    reversals.routes,
    consignments.routes,
    mandates.routes,
    enterprises.routes,
    transfers.routes,
    processing_batches.routes,
    trace.routes,
    reports.routes,
    bulletins.routes,
    signals.routes,
    rules.routes,
    ledger.routes,
    health.routes,
    metrics.routes,
)

PREPARE_AGAIN_S = 60
_STALLED = "hushi-stalled"
TURN_S = 0.02
"""How long a thread may go on while others wait to run Python. Under overload each refused request interrupts the
thread that writes. With Python's own 5 ms that cost an eighth of what is written otherwise (docs/decisions/0008)."""

_log = structlog.get_logger()
_served: FileId | None = None


def create_app(ledger: Ledger, clients: Clients | None = None) -> Flask:
    """Makes the WSGI application that serves a ledger. `clients` knows the proxies that may say for whom they ask."""
    app = Flask("service", static_folder=None, template_folder="http/web/templates")
    state_reader = LedgerStateReader(ledger, with_log=ledger.standby is not None)
    committer = Committer(ledger)
    primary = ReportSource(ledger, state_reader, ApiKeyCache(ledger), EndedSessions(ledger))
    sources = sources_of(ledger, primary)
    known = (
        primary.reporter,
        state_reader,
        primary.keys,
        primary.sessions,
        VitalSigns(ledger, committer),
        KeyUses(ledger),
        sources,
        StandbyWatch(sources),
    )
    shared = AppContext(ledger, committer, *known)
    attach_context(app, shared)
    register_problems(app)
    register_routes(app, [*FAMILIES, reference_routes(FAMILIES)])
    register_pages(app)
    metrics.open_meter(app)
    app.after_request(_finish)
    note = functools.partial(_note, metrics.meter_of(app))
    reading = ReadQueue(app.wsgi_app, note, lambda: admission.writes.taken > 0)
    reads = ResponseCache(reading, sources, ledger.now, note)
    admission = Admission(QuickPosts(app.wsgi_app, shared, note), note, reads=reads)
    inside = TracedRequests(admission) if tracing.is_on() else admission
    app.wsgi_app = Entrance(inside, note, clients or Clients())  # type: ignore[method-assign] # (Flask's own way)
    app.extensions[_STALLED] = StalledConnections(lambda: admission.arrivals.is_tight, admission.inside_since)
    return app


def serve_only(served: FileId | None) -> None:
    """Makes processes that are forked off from now on serve this file of SQLite, and refuse another in its place."""
    global _served  # noqa: PLW0603 (a server serves one ledger)
    _served = served


def application() -> Flask:
    """Prepares a worker process of the server from its environment, and returns its application."""
    settings = read_settings(os.environ)
    configure_logs(settings.log_level)
    let_nothing_wait_for_standard_error()
    end_with_any_thread()
    end_with_the_parent()
    look_for_cycles_rarely()
    sys.setswitchinterval(TURN_S)
    begin_tracing(os.environ)
    opened = open_or_end(settings, _served)
    app = create_app(opened, Clients(settings.trusted_proxies, settings.proxy_header))
    served: AppContext = app.extensions["hushi"]
    app.extensions[_STALLED].start()
    served.key_uses.start()
    sampler = sampler_of("serving", opened, settings)
    sampler.add(QUEUE_LENGTH, served.committer.waiting)
    # The primary's memory stays cold while a standby answers: it is loaded when the first report needs it.
    reporter = (served.sources.standby or served.sources.primary).reporter
    sampler.add(CUBE_BYTES, cube := _Measured(reporter.memory_bytes))
    sampler.add_question(served.standby_watch.look)
    sampler.start()
    threading.Thread(target=_warm_up, args=(reporter, cube.measure), name="warm-up", daemon=True).start()
    return app


class _Measured:
    """A number that takes long to find out: it is told again until it is measured again."""

    def __init__(self, find_out: Callable[[], float]) -> None:
        self._find_out, self._number = find_out, 0.0

    def __call__(self) -> float:
        return self._number

    def measure(self) -> None:
        """Finds the number out."""
        self._number = self._find_out()


def _warm_up(reporter: Reporter, measure: Callable[[], None]) -> None:
    """Loads what reports need before the first request; without it the first question of each kind takes seconds.

    Every minute it prepares again, because months end, and months that are over get late trades.
    """
    _unless_it_fails(reporter.warm_up)
    keep_what_is_loaded()
    while True:
        _unless_it_fails(measure)
        time.sleep(PREPARE_AGAIN_S)
        _unless_it_fails(reporter.stay_warm)


def _unless_it_fails(prepare: Callable[[], object]) -> None:
    """Runs a preparation and logs its failure. Without the preparation, answers are slower but right."""
    try:
        prepare()
    except Exception as error:  # noqa: BLE001 (the thread goes on after any error)
        _log.warning("warm-up-failed", error=type(error).__name__)


def _finish(response: Response) -> Response:
    context = request_context()
    response.headers["X-Request-Id"] = context.request_id
    note_told(response)
    # The log gets the route's pattern and not the path, because a path may name a person.
    route = request.url_rule.rule if request.url_rule is not None else None
    _note(metrics.current_meter(), context, request.method, route, response.status_code)
    if request.method == "POST" and "Idempotency-Replayed" in response.headers:
        REPLAYS.add(1)
    if context.api_key is not None and response.status_code != Unauthenticated.status:
        app_context().key_uses.note(context.api_key.id)
    return response


def _note(meter: metrics.Meter, context: RequestContext, method: str, route: str | None, status: int) -> None:
    """Counts an answer, and writes a line about it to the log."""
    duration_s = time.perf_counter() - context.started_s
    meter.observe(method, route, status, duration_s)
    known_method = method if method in metrics.METHODS else metrics.OTHER
    if tracing.is_on():
        tracing.tell_of_answer(known_method, route, status, context.request_id, context.client)
    api_key = None if context.api_key is None else context.api_key.id
    log_request(known_method, route, status, round(duration_s * 1000, 2), api_key)
