"""JSON logs, one line an event, with trace ids and without any text that we did not write ourselves."""

import logging
import sys
import traceback
import warnings
from collections.abc import MutableMapping
from typing import Any

import structlog

from shared.telemetry.tracing import current_trace_id

SILENT = ("pydicom", "pynetdicom")
"""Loggers whose messages quote values of data sets."""


def logger(name: str) -> Any:
    """A logger of our own: `log.info("what-happened", key=value)`."""
    return structlog.get_logger(name)


def configure_logging(service: str, level: str) -> None:
    """Set up this process once. Lines go to standard output; whoever runs us keeps them."""
    structlog.configure(
        processors=[
            structlog.stdlib.add_log_level,
            _Common(service),
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    handler = _Foreign()
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    for name in SILENT:
        logging.getLogger(name).disabled = True
        logging.getLogger(name).propagate = False
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    # pydicom warns with the offending value in the text.
    warnings.simplefilter("ignore")


def frames_of(failed: BaseException) -> list[str]:
    """Where an exception came from, innermost last: file, line and function; never its text."""
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(failed.__traceback__)]


class _Common:
    """Adds to every line which service speaks and for which trace."""

    def __init__(self, service: str) -> None:
        self._service = service

    def __call__(self, _: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event["service"] = self._service
        trace_id = current_trace_id()
        if trace_id:
            event["trace_id"] = trace_id
        return event


class _Foreign(logging.Handler):
    """What libraries log: their template and where it stands, not the values they put in."""

    def emit(self, record: logging.LogRecord) -> None:
        template = record.msg if isinstance(record.msg, str) else type(record.msg).__name__
        # Only a template with arguments is known to be constant; a ready-made text may quote anything.
        constant = template if record.args else "message withheld"
        failure = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
        logger(record.name).log(
            record.levelno,
            "library",
            library=record.name,
            template=constant,
            line=f"{record.module}:{record.lineno}",
            error=failure,
        )
