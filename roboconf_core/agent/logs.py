"""The agent's log: one JSON object per line on standard error."""

from __future__ import annotations

import json
import logging
import time

_PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}
_LONGEST = 2000


class JsonLines(logging.Formatter):
    """Writes time (UTC), level, agent, logger, message, what was passed as ``extra``, and a traceback."""

    def __init__(self, agent: str) -> None:
        super().__init__()
        self._agent = agent

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as one line of JSON."""
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line: dict[str, object] = {
            "time": f"{moment}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "agent": self._agent,
            "logger": record.name,
            "message": record.getMessage()[:_LONGEST],
        }
        line |= {key: str(value)[:_LONGEST] for key, value in vars(record).items() if key not in _PLAIN}
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def log_to_stderr(agent: str, level: int = logging.INFO) -> None:
    """Send everything that is logged in this process to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines(agent))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.getLogger("websockets").setLevel(logging.WARNING)
