"""Structured logs: one JSON object a line on standard error, without personal data."""

import logging
import sys
from typing import Any

import structlog

_STAMPS: list[Any] = [structlog.processors.add_log_level, structlog.processors.TimeStamper(fmt="iso", utc=True)]


def configure_logs(level: str) -> None:
    """Sends every log line of this process to standard error as JSON."""
    structlog.configure(
        processors=[*_STAMPS, structlog.processors.JSONRenderer(ensure_ascii=False)],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )


def server_log_config(level: str) -> dict[str, Any]:
    """The same shape for the lines of the HTTP server itself, which logs through the standard library."""
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": _STAMPS,
        "processors": [
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": formatter},
        "filters": {"surprising": {"()": lambda: _is_surprising}},
        "handlers": {
            "error": {
                "class": "logging.StreamHandler",
                "stream": "ext://sys.stderr",
                "formatter": "json",
                "filters": ["surprising"],
            }
        },
        "loggers": {"_granian": {"handlers": ["error"], "level": level, "propagate": False}},
    }


def _is_surprising(record: logging.LogRecord) -> bool:
    # The server warns of many threads on few cores; ours wait for the group commit, and their number is measured.
    return not record.getMessage().startswith("Configuration allows spawning")
