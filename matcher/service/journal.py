"""The service's own log of what it does: one JSON object per line, through the standard library's logging.

An event has a fixed name and fields that are ids, counts, codes and durations; never a token, a handle or sealed
bytes. The audit log is another thing: it is signed, and it is for auditors.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

_LOGGER = logging.getLogger("concordat.service")
_FIELDS = "concordat_fields"


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, object] = {"time": time, "level": record.levelname.lower(), "event": record.getMessage()}
        line.update(getattr(record, _FIELDS, {}))
        if record.exc_info and record.exc_info[0] is not None:
            # The kind and the place, not the text: a library's message may quote what it choked on.
            line["error"] = record.exc_info[0].__name__
            line["at"] = _place(record)
        return json.dumps(line, ensure_ascii=False)


def _place(record: logging.LogRecord) -> str:
    trace = record.exc_info[2] if record.exc_info else None
    places = []
    while trace is not None:
        places.append(f"{trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}")
        trace = trace.tb_next
    return " > ".join(places[-6:])


def start() -> None:
    """Send events of this process to standard error as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines())
    _LOGGER.handlers[:] = [handler]
    _LOGGER.setLevel(logging.INFO)
    _LOGGER.propagate = False


def event(name: str, **fields: str | int | float) -> None:
    """Record that something happened."""
    _LOGGER.info(name, extra={_FIELDS: fields})


def warning(name: str, **fields: str | int | float) -> None:
    """Record something an operator should look at."""
    _LOGGER.warning(name, extra={_FIELDS: fields})


def failure(name: str, **fields: str | int | float) -> None:
    """Record the exception being handled, by kind and place."""
    _LOGGER.error(name, exc_info=True, extra={_FIELDS: fields})
