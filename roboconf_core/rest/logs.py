"""Structured logs: one JSON object per line, with the trace of the request that it belongs to."""

from __future__ import annotations

import json
import logging
import logging.handlers
import time
from contextvars import ContextVar
from pathlib import Path

_MAX_BYTES = 10 * 1024 * 1024
_OLD_FILES = 3

_trace: ContextVar[str] = ContextVar("roboconf_trace", default="")


def set_trace_id(trace: str) -> None:
    """Give the current request its trace."""
    _trace.set(trace)


def trace_id() -> str:
    """Return the trace of the current request, empty outside of one."""
    return _trace.get()


class JsonLines(logging.Formatter):
    """Formats records as ``{"time", "level", "logger", "thread", "message", "trace"?, "exception"?}``."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line."""
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line = {
            "time": f"{moment}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "thread": record.threadName,
            "message": record.getMessage(),
        }
        if trace := trace_id():
            line["trace"] = trace
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def log_to(file: Path, *, level: int = logging.INFO) -> logging.Handler:
    """Send the logs of this process to a file (created 0600) that is turned over when it grows; returns the handler."""
    file.touch(mode=0o600, exist_ok=True)
    handler = logging.handlers.RotatingFileHandler(file, maxBytes=_MAX_BYTES, backupCount=_OLD_FILES, encoding="utf-8")
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(level)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)  # it tells of each connection
    return handler
