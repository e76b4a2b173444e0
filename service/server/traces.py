"""Turns tracing on: the variables of OpenTelemetry say where spans go, over OTLP with HTTP. An extra: hushi[otel].

It is off while none of these variables is set: OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, or
OTEL_TRACES_EXPORTER=otlp. The library itself reads the others (OTEL_SERVICE_NAME, OTEL_TRACES_SAMPLER, headers, …).
"""

import importlib.util
import logging
import multiprocessing.util
from collections.abc import Mapping

import structlog

from service import __version__
from service.figures.tracing import Tracing
from service.server.logs import json_handler

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL")
OVER_HTTP = "http/protobuf"

_log = structlog.get_logger()


def is_wanted(environment: Mapping[str, str]) -> bool:
    """Whether the variables of OpenTelemetry ask for traces."""
    if environment.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return False
    exporter = environment.get("OTEL_TRACES_EXPORTER", "")
    return exporter != "none" and (exporter == "otlp" or any(environment.get(name) for name in _ENDPOINTS))


def why_not(environment: Mapping[str, str]) -> str | None:
    """Why traces that are wanted can't be sent, and what to do; None when they can."""
    other = [name for name in _PROTOCOLS if environment.get(name, OVER_HTTP) != OVER_HTTP]
    if other:
        return f"Set {other[0]} to {OVER_HTTP}, or leave it out: hushi sends over HTTP only."
    exporter = environment.get("OTEL_TRACES_EXPORTER", "otlp")
    if exporter != "otlp":
        return "Set OTEL_TRACES_EXPORTER to otlp or none, or leave it out."
    try:
        found = importlib.util.find_spec("opentelemetry.exporter.otlp.proto.http")
    except ModuleNotFoundError:
        found = None
    return None if found else "Run: pip install 'hushi[otel]'"


def tell_whether_tracing_can_be(environment: Mapping[str, str]) -> None:
    """Logs one line when traces are wanted and can't be sent: the server serves without them."""
    if is_wanted(environment) and (why := why_not(environment)) is not None:
        _log.warning("tracing-off", do=why)


def begin_tracing(environment: Mapping[str, str]) -> None:
    """Turns tracing on in this process, when it is wanted and can be. A process begins after it was forked off."""
    if not is_wanted(environment) or why_not(environment) is not None:
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    named = {} if environment.get("OTEL_SERVICE_NAME") else {"service.name": "hushi"}
    provider = TracerProvider(resource=Resource.create({**named, "service.version": __version__}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    # A process that multiprocessing forks off runs no atexit functions at its end, but it runs these finalizers.
    multiprocessing.util.Finalize(None, provider.shutdown, exitpriority=10)
    # A receiver that does not answer is a line of the log like any other.
    logging.getLogger("opentelemetry").handlers = [json_handler()]
    logging.getLogger("opentelemetry").propagate = False
    Tracing.tracer = provider.get_tracer("hushi", __version__)
