"""Structured logs: one JSON object a line, on standard error, without patients' data."""

from __future__ import annotations

from typing import Any


def logging_config() -> dict[str, Any]:
    """Return the logging configuration of the server, for ``logging.config.dictConfig``.

    The server's own access log stays off: it writes whole addresses, and a search may hold a
    patient's code. :mod:`covid_d.clinic.web.observe` logs requests without their queries.
    """
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {
                "()": "pythonjsonlogger.json.JsonFormatter",
                "fmt": "%(asctime)s %(levelname)s %(name)s %(message)s",
                "rename_fields": {"asctime": "at", "levelname": "level", "name": "logger"},
                "datefmt": "%Y-%m-%dT%H:%M:%S%z",
            }
        },
        "handlers": {
            "stderr": {"class": "logging.StreamHandler", "formatter": "json"},
        },
        "root": {"level": "WARNING", "handlers": ["stderr"]},
        "loggers": {
            "covid_d": {"level": "INFO"},
            "uvicorn.error": {"level": "WARNING"},
        },
    }
