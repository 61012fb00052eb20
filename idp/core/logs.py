"""Structured logs: one JSON line per event, without secrets, identifiers or typed text."""

import logging
import sys

import structlog

SECRET_WORDS = ("token", "password", "secret", "code", "cookie", "authorization", "assertion", "email", "address")


def configure(level: str) -> None:
    """Set up logging for the process.

    Libraries speak at WARNING and above only: Authlib writes whole tokens at DEBUG, SQLAlchemy statements with their
    values at INFO (docs/operations.md).
    """
    logging.basicConfig(level=level.upper(), format="%(message)s", stream=sys.stderr, force=True)
    for name in ("authlib", "urllib3", "sqlalchemy", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _redact,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def _redact(logger: object, method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Whatever a caller passes under a name that sounds secret stays out of the log."""
    for name in event:
        if any(word in name.lower() for word in SECRET_WORDS):
            event[name] = "[removed]"
    return event
