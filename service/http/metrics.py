"""Metrics: what this service has answered, and where its ledger stands, in the text format of Prometheus.

A scrape meets any one of the processes that serve. Their counters add up, because they count in files of one folder
(`service.server` makes it); the uptime and the queue are those of the process that answers.
"""

import math
import os
import time
from collections.abc import Callable, Iterator
from typing import cast

from flask import Flask, Response, current_app
from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from service.config import COUNTED_IN
from service.http.market import market
from service.http.routes import Routes
from service.ledger import Ledger
from service.queries.ledger import fold_lag, get_head
from service.storage.faults import DatabaseUnavailable

routes = Routes("Health")

DURATION_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
NO_ROUTE = "none"
OTHER_METHOD = "other"
"""Labels come from short lists only: a caller must not be able to add a time series by inventing a path or a method."""

_EXTENSION = "hushi-meter"


# The library's functions have no types of their own. Without the first each counter has a twin that tells when it was
# made; the second reads what all processes have counted.
_leave_out_twins: Callable[[], None] = disable_created_metrics
_all_processes: Callable[[None], Collector] = MultiProcessCollector
_leave_out_twins()


class Meter:
    """Counts what one application answers."""

    def __init__(self) -> None:
        """Everything at zero; the figures of the ledger are read when somebody asks."""
        self._counted: Collector = (registry := CollectorRegistry())
        self._started = time.monotonic()
        labels = ("method", "route", "status")
        self._requests = Counter("hushi_requests", "Requests answered.", labels, registry=registry)
        self._durations = Histogram(
            "hushi_request_duration_seconds", "From the first byte understood to the answer made.", ("route",),
            buckets=DURATION_BUCKETS_S, registry=registry,
        )  # fmt: skip
        self._known: dict[tuple[str, str | None, int], tuple[Counter, Histogram]] = {}
        if COUNTED_IN in os.environ:
            self._counted = _all_processes(None)

    def observe(self, method: str, route: str | None, status: int, duration_s: float) -> None:
        """Counts one answer. A route is its pattern, never the path."""
        known = method if method in METHODS else OTHER_METHOD
        series = self._known.get((known, route, status))
        if series is None:
            series = self._known[known, route, status] = (
                self._requests.labels(known, route or NO_ROUTE, str(status)), self._durations.labels(route or NO_ROUTE),
            )  # fmt: skip
        series[0].inc()
        series[1].observe(duration_s)

    def render(self, ledger: Ledger, waiting: int) -> bytes:
        """All figures as text. What can't be read now is NaN, so that a database that is down can be seen here too."""
        return generate_latest(self._counted) + generate_latest(
            _Moment(ledger, time.monotonic() - self._started, waiting)
        )


class _Moment(Collector):
    """The figures of this moment, which nobody counts."""

    def __init__(self, ledger: Ledger, uptime_s: float, waiting: int) -> None:
        self._ledger, self._uptime_s, self._waiting = ledger, uptime_s, waiting

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Each figure with what it says."""
        tail, lag_s, head, is_up = math.nan, math.nan, math.nan, False
        try:
            at = get_head(self._ledger)
            tail, head = at.tail, 0 if at.block is None else at.block.no
            lag_s, is_up = fold_lag(self._ledger).total_seconds(), True
        except DatabaseUnavailable:
            pass
        yield _gauge("hushi_uptime_seconds", "Since this process began to serve.", self._uptime_s)
        yield _gauge("hushi_database_up", "1 when the database answers.", is_up)
        yield _gauge("hushi_tail_length", "Transactions that are posted and not folded yet.", tail)
        yield _gauge("hushi_fold_lag_seconds", "Age of the oldest of them; 0 when there is none.", lag_s)
        yield _gauge("hushi_commit_queue_length", "Requests that wait for this process's next commit.", self._waiting)
        yield _gauge("hushi_head_block", "Number of the newest block; 0 before the first.", head)


def _gauge(name: str, what: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, what, value=value)


def open_meter(app: Flask) -> None:
    """Hangs a meter on an application."""
    app.extensions[_EXTENSION] = Meter()


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
        current_meter().render(market().ledger, market().committer.waiting()), content_type=CONTENT_TYPE_PLAIN_0_0_4
    )
