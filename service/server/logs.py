"""Structured logs on standard error: one JSON object on each line, without personal data.

The lines wait in a bounded queue (service.server.log_lines), so that the service goes on when the log can't be
written.
"""

import atexit
import datetime
import logging
import multiprocessing.util
import sys
import threading
from typing import Any

import structlog

from service.figures.server import LOG_LINES_LOST
from service.server.log_lines import STANDARD_ERROR_LINES, LineStream
from service.server.request_lines import request_line

END_WAITS_FOR_THE_LOG_S = 1.0
"""How long a process that ends waits for its last lines to be written."""

_request = threading.local()
_configured: int | None = None
"""The level that `configure_logs` has set; None before."""


def log_lines_are_of(request_id: str, client: str) -> None:
    """From now on each line of this thread bears the request's id and its client, until the thread takes another one.

    A thread of the server does nothing between two requests.
    """
    _request.told = request_id, client


def _add_request(_logger: Any, _method: str, line: Any) -> Any:
    told = getattr(_request, "told", None)
    if told is not None:
        line["request_id"], line["client"] = told
    return line


_STAMPS: list[Any] = [
    _add_request,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def log_request(method: str, route: str | None, status: int, duration_ms: float, api_key: int | None) -> None:
    """Writes the line of an answered request, as `log.info("request", …)` of structlog does, with less work."""
    if _configured is None:  # Somebody else's structlog, as in tests: it shall show the line.
        structlog.get_logger().info(
            "request", method=method, route=route, status=status, duration_ms=duration_ms, api_key=api_key
        )
    elif _configured <= logging.INFO:
        told = getattr(_request, "told", None)
        now = datetime.datetime.now(datetime.UTC)
        STANDARD_ERROR_LINES.write(request_line(method, route, status, duration_ms, api_key, told, now))


class _Logger:
    """The logger that structlog gives whole lines to."""

    def msg(self, line: str) -> None:
        """Puts a line into the queue."""
        STANDARD_ERROR_LINES.write(line)

    debug = info = warning = error = critical = msg


class LineHandler(logging.Handler):
    """Puts the lines of the standard library's loggers into the same queue."""

    def emit(self, record: logging.LogRecord) -> None:
        """Takes a record. A record that can't be formatted is lost, and raises nothing."""
        try:
            STANDARD_ERROR_LINES.write(self.format(record))
        except Exception:  # noqa: BLE001 (the library's own way prints it to standard error, and may wait for that)
            STANDARD_ERROR_LINES.write('{"event": "log-line-unreadable", "level": "warning"}')


def configure_logs(level: str) -> None:
    """Sends every log line of this process to standard error as JSON."""
    structlog.configure(
        processors=[*_STAMPS, structlog.processors.JSONRenderer(ensure_ascii=False)],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=lambda *_: _Logger(),
        cache_logger_on_first_use=True,
    )
    global _configured  # noqa: PLW0603 (a process has one log)
    _configured = logging.getLevelNamesMapping()[level]
    STANDARD_ERROR_LINES.on_loss(LOG_LINES_LOST.add)
    atexit.register(flush_logs)
    # A process that multiprocessing forks off runs no atexit functions at its end, but it runs these finalizers.
    multiprocessing.util.Finalize(None, flush_logs, exitpriority=0)


def flush_logs() -> None:
    """Waits until the lines so far are written, for END_WAITS_FOR_THE_LOG_S at most."""
    STANDARD_ERROR_LINES.flush(END_WAITS_FOR_THE_LOG_S)


def let_nothing_wait_for_standard_error() -> None:
    """Puts everything that Python writes to standard error into the queue: a server must not wait for a full pipe."""
    sys.stderr = LineStream(STANDARD_ERROR_LINES)


def json_handler() -> logging.Handler:
    """A handler that makes the lines of a library's logger the same JSON lines as ours."""
    handler = LineHandler()
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(**_FORMAT))
    return handler


_FORMAT: dict[str, Any] = {
    "foreign_pre_chain": _STAMPS,
    "processors": [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.JSONRenderer(ensure_ascii=False),
    ],
}


def server_log_config(level: str) -> dict[str, Any]:
    """The logging configuration of Granian, which logs through the standard library: the same JSON lines as ours."""
    formatter = {"()": structlog.stdlib.ProcessorFormatter, **_FORMAT}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": formatter},
        "filters": {"surprising": {"()": lambda: _is_surprising}},
        "handlers": {"error": {"()": LineHandler, "formatter": "json", "filters": ["surprising"]}},
        "loggers": {"_granian": {"handlers": ["error"], "level": level, "propagate": False}},
    }


def _is_surprising(record: logging.LogRecord) -> bool:
    # Granian warns of many threads on few cores. Our threads wait for the group commit, and we measured their number.
    return not record.getMessage().startswith("Configuration allows spawning")
