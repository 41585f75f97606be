"""Structured logs: one JSON object a line, on standard error, without patients' data."""

from __future__ import annotations

import logging
import traceback
from typing import Any


def logging_config() -> dict[str, Any]:
    """Return the logging configuration of the server, for ``logging.config.dictConfig``.

    The server's own access log stays off: it writes whole addresses, and a search may hold a
    patient's code. :mod:`covid_d.clinic.http.request_log` logs requests without their queries.
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
        "filters": {"without_values": {"()": "covid_d.clinic.operations.logs.WithoutValues"}},
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "formatter": "json",
                "filters": ["without_values"],
            },
        },
        "root": {"level": "WARNING", "handlers": ["stderr"]},
        "loggers": {
            "covid_d": {"level": "INFO"},
            "uvicorn.error": {"level": "WARNING"},
        },
    }


class WithoutValues(logging.Filter):
    """Keep what an exception says out of the log: its words may hold a patient's data.

    Of any library's exception its type and frames are written; the web server's own word on one
    that the application has logged already is left out.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Take the exception itself off a record; ``False`` for one that was logged before."""
        error = record.exc_info[1] if record.exc_info else None
        if error is None:
            return True
        if record.name == "uvicorn.error" and record.msg.startswith("Exception in ASGI"):
            return False
        record.exc_info = record.exc_text = None
        record.__dict__.update(without_values(error))
        return True


def without_values(error: BaseException) -> dict[str, Any]:
    """Return an exception's type and frames, and those of what caused it: no value, no message.

    Returns
    -------
    ``exception``, a name, and ``frames``, places in the code, outermost first; of a chain of
    exceptions the first one's come first.
    """
    chain = [error]
    while (earlier := chain[-1].__cause__ or chain[-1].__context__) and earlier not in chain:
        chain.append(earlier)
    return {
        "exception": " <- ".join(
            f"{type(one).__module__}.{type(one).__qualname__}" for one in chain
        ),
        "frames": [
            f"{frame.filename}:{frame.lineno} {frame.name}"
            for one in reversed(chain)
            for frame in traceback.extract_tb(one.__traceback__)
        ],
    }
