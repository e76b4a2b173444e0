"""Spans of traces, where tracing is on (service.server.traces turns it on). Where it is off, a span is nothing.

Nothing of OpenTelemetry is imported before tracing is turned on: it is an extra, which need not be installed.
"""

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

_NOTHING = contextlib.nullcontext(None)

Span = Any
"""A span of OpenTelemetry; None where tracing is off."""


class Tracing:
    """What this process traces with."""

    tracer: ClassVar[Any] = None


def is_on() -> bool:
    """Whether this process traces."""
    return Tracing.tracer is not None


def current() -> Span:
    """The span that this thread is in, so that another thread can work for it."""
    if Tracing.tracer is None:
        return None
    from opentelemetry import trace

    return trace.get_current_span()


def span(
    name: str, of: Sequence[Span] = (), attributes: Mapping[str, str | int] | None = None
) -> contextlib.AbstractContextManager[Span]:
    """A span, in that of this thread or in the first of `of`; it is linked to the others of `of`."""
    if Tracing.tracer is None:
        return _NOTHING
    from opentelemetry import trace

    context = trace.set_span_in_context(of[0]) if of else None
    links = [trace.Link(one.get_span_context()) for one in of[1:]]
    found: contextlib.AbstractContextManager[Span] = Tracing.tracer.start_as_current_span(
        name, context=context, links=links, attributes=attributes
    )
    return found


def request_span(method: str, headers: Mapping[str, str]) -> contextlib.AbstractContextManager[Span]:
    """The span of a request; `traceparent` and `tracestate` of its headers say which trace it belongs to."""
    from opentelemetry import trace
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    found: contextlib.AbstractContextManager[Span] = Tracing.tracer.start_as_current_span(
        method,
        context=TraceContextTextMapPropagator().extract(headers),
        kind=trace.SpanKind.SERVER,
        attributes={"http.request.method": method},
    )
    return found


def tell_of_answer(method: str, route: str | None, status: int, request_id: str, client: str) -> None:
    """Writes into the span of this thread's request what it was answered. No part of its address is in it."""
    from opentelemetry import trace

    span = trace.get_current_span()
    span.update_name(f"{method} {route}" if route else method)
    span.set_attributes({
        "http.response.status_code": status, "hushi.request_id": request_id, "client.address": client,
        **({"http.route": route} if route else {}),
    })  # fmt: skip
    if status >= 500:
        span.set_status(trace.Status(trace.StatusCode.ERROR))
