"""Metrics: what this service has answered, and the condition of its ledger, in the text format of Prometheus.

Any one of the processes that serve may answer a scrape. They count in memory that they share (service.figures), so that
the answer covers all of them. Only the uptime is that of the process that answers. Here stand the requests, whose
labels are the routes of the application, and what is read from the ledger at the moment of the scrape. Every other
family is declared in service.figures.
"""

import bisect
import http
import itertools
import math
import time
from collections.abc import Callable, Iterator
from typing import cast

from flask import Flask, Response, current_app
from prometheus_client import generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from service import __version__
from service.figures.memory import FIGURES_MAX, NUMBERS_MAX, Counts
from service.http.context import app_context
from service.http.figures import declared_families
from service.http.routes import Routes
from service.http.vitals import Vitals, Writes
from service.storage.revisions import NEWEST_REVISION
from service.storage.self_checks import SelfCheck

routes = Routes("Health")

DURATION_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
OTHER = "other"
NO_ROUTE = "none"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", OTHER)
STATUSES = (*(str(status.value) for status in http.HTTPStatus), OTHER)
"""Labels come from short lists only: a caller must not be able to add a time series by inventing a path or a method.
So each series has a fixed place among the numbers that are counted, and the place is the same in each process."""

_EXTENSION = "hushi-meter"
_ANSWERS, _SERIES = FIGURES_MAX, FIGURES_MAX + 1
"""The places of a single number, and of the first series."""
_PER_ROUTE = len(METHODS) * len(STATUSES)
_BUCKETS = len(DURATION_BUCKETS_S) + 1
_PER_DURATION = _BUCKETS + 1
"""One number for each bucket, and one for the sum. The last bucket has no upper end."""


class Meter:
    """Counts what one application answers."""

    def __init__(self, routes: list[str]) -> None:
        """`routes` are the patterns that may be counted; their order must be the same in each process."""
        self._started = time.monotonic()
        self._routes = [*routes, NO_ROUTE]
        self._route_places = {route: place for place, route in enumerate(self._routes)}
        self._method_places = {method: place for place, method in enumerate(METHODS)}
        self._status_places = {int(status): place for place, status in enumerate(STATUSES) if status != OTHER}
        self._durations = _SERIES + len(self._routes) * _PER_ROUTE
        self._end = self._durations + len(self._routes) * _PER_DURATION
        assert self._end <= NUMBERS_MAX, "so many routes need more numbers"
        self._counts = Counts()

    def observe(self, method: str, route: str | None, status: int, duration_s: float) -> None:
        """Counts one answer. `route` is the pattern of a route, never the path of a request."""
        of_route = self._route_places.get(route or NO_ROUTE, len(self._routes) - 1)
        of_method = self._method_places.get(method, len(METHODS) - 1)
        of_status = self._status_places.get(status, len(STATUSES) - 1)
        durations = self._durations + of_route * _PER_DURATION
        self._counts.add(
            (_ANSWERS, 1),
            (_SERIES + (of_route * len(METHODS) + of_method) * len(STATUSES) + of_status, 1),
            (durations + bisect.bisect_left(DURATION_BUCKETS_S, duration_s), 1),
            (durations + _BUCKETS, duration_s),
        )

    def render(self, vitals: Vitals) -> bytes:
        """All figures as text. A figure that can't be read now is NaN, so that a database that is down shows here."""
        moment = _Moment(vitals, time.monotonic() - self._started)
        return b"".join(map(generate_latest, (_Counted(self._families), _Counted(declared_families), moment)))

    def _families(self) -> Iterator[Metric]:
        totals = self._counts.totals(range(FIGURES_MAX, self._end))
        requests = CounterMetricFamily("hushi_requests", "Requests answered.", labels=("method", "route", "status"))
        for place in sorted(place for place in totals if _SERIES <= place < self._durations):
            of_route_and_method, of_status = divmod(place - _SERIES, len(STATUSES))
            of_route, of_method = divmod(of_route_and_method, len(METHODS))
            requests.add_metric((METHODS[of_method], self._routes[of_route], STATUSES[of_status]), totals[place])
        yield requests
        yield self._duration_family(totals)
        answering = self._counts.parts_counting(_ANSWERS)
        yield _gauge("hushi_processes_answering", "Processes that have answered since the server began.", answering)

    def _duration_family(self, totals: dict[int, float]) -> Metric:
        durations = HistogramMetricFamily(
            "hushi_request_duration_seconds", "From the first byte understood to the answer made.", labels=("route",)
        )
        ends = [*(str(end) for end in DURATION_BUCKETS_S), "+Inf"]
        for of_route, route in enumerate(self._routes):
            first = self._durations + of_route * _PER_DURATION
            upto = list(itertools.accumulate(totals.get(first + bucket, 0) for bucket in range(_BUCKETS)))
            if upto[-1]:
                durations.add_metric((route,), list(zip(ends, upto, strict=True)), totals.get(first + _BUCKETS, 0))
        return durations


class _Counted(Collector):
    """Gives the counted figures to the library in the way in which it asks for them."""

    def __init__(self, families: Callable[[], Iterator[Metric]]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        """The families of figures, one after the other."""
        return self._families()


class _Moment(Collector):
    """Gives the figures of this moment, which are read and not counted."""

    def __init__(self, vitals: Vitals, uptime_s: float) -> None:
        self._vitals, self._uptime_s = vitals, uptime_s

    def collect(self) -> Iterator[Metric]:
        """The figures, each with its description."""
        found, is_written = self._vitals.readiness, self._vitals.writes == Writes.OK
        lag_s = found.fold_lag_s
        yield _gauge("hushi_uptime_seconds", "Since this process began to serve.", self._uptime_s)
        yield _gauge("hushi_database_up", "1 when the database answers.", found.database)
        yield _gauge("hushi_writes_up", "1 when the database takes writes, as far as this process knows.", is_written)
        yield _gauge("hushi_tail_length", "Transactions that are posted and not folded yet.", found.tail_length)
        yield _gauge("hushi_fold_lag_seconds", "Age of the oldest of them; 0 when there is none.", lag_s)
        yield _gauge("hushi_head_block", "Number of the newest block; 0 before the first.", found.head_block)
        if found.log_bytes is not None:
            yield _gauge("hushi_wal_bytes", "SQLite's log, which a long reader lets grow.", found.log_bytes)
        if found.self_check is not None:
            yield from _integrity(found.self_check)
        build = GaugeMetricFamily("hushi_build_info", "1; what serves here.", labels=("version", "schema"))
        build.add_metric((__version__, NEWEST_REVISION), 1)
        yield build


def _integrity(checked: SelfCheck) -> Iterator[Metric]:
    """What the self-check has found, as the ledger has it: so it survives every restart, and every process says it."""
    yield _gauge("hushi_integrity_ok", "0 when a cell is known to be another than the journal.", checked.fault is None)
    what = "Days whose cells the service has recounted."
    yield CounterMetricFamily("hushi_integrity_checks", what, value=checked.checks)
    what = "Days of these on which a cell was another than the journal."
    yield CounterMetricFamily("hushi_integrity_mismatches", what, value=checked.mismatches)


def _gauge(name: str, what: str, value: float | None) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, what, value=math.nan if value is None else value)


def open_meter(app: Flask) -> None:
    """Attaches a meter to an application. All routes must be registered before."""
    app.extensions[_EXTENSION] = Meter(sorted({rule.rule for rule in app.url_map.iter_rules()}))


def meter_of(app: Flask) -> Meter:
    """The meter of an application."""
    return cast(Meter, app.extensions[_EXTENSION])


def current_meter() -> Meter:
    """The meter of the application that answers the current request."""
    return meter_of(current_app)


@routes.get("/metrics", scope="ledger:verify", loopback_open=True, answers=("text/plain",))
def get_metrics() -> Response:
    """Figures of this service and its ledger as Prometheus reads them; callers on the machine itself need no key."""
    return Response(
        current_meter().render(app_context().vitals.look()),
        content_type=CONTENT_TYPE_PLAIN_0_0_4,
    )
