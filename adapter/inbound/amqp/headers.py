"""What we read from the headers of a request. They are untrusted: any AMQP type, any size."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from adapter.domain.message import Properties
from adapter.errors import InvalidRequest

DEADLINE = "llm-deadline"
TIMEOUT = "llm-timeout-ms"
MODEL = "llm-model"
LABEL_PREFIX = "llm-label-"
MAX_LABELS = 32
MAX_LABEL_NAME_BYTES = 64
MAX_LABEL_VALUE_BYTES = 256
MAX_MODEL_NAME = 64
MAX_TRACESTATE = 512
# Ten years: a longer timeout is a mistake, and dates end in the year 9999.
MAX_TIMEOUT_MS = 10 * 366 * 86_400_000

_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_TRACESTATE = re.compile(r"[\x20-\x7e]*")
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII)
_DIGITS = re.compile(r"[0-9]{1,18}")


def invalid(field: str, message: str) -> InvalidRequest:
    """Build the error that names the field at fault."""
    return InvalidRequest(message, metadata={"field": field})


def model_of(headers: Mapping[str, object]) -> str:
    """Read the model that was asked for, "" = none. Raises InvalidRequest."""
    value = headers.get(MODEL)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > MAX_MODEL_NAME or not value.isprintable():
        raise invalid(MODEL, f"The header {MODEL} is not the name of a model. Send a configured name as a string.")
    return value


def labels_of(headers: Mapping[str, object]) -> dict[str, str]:
    """Read the labels: `llm-label-<name>` = value; numbers and booleans as JSON writes them. Raises InvalidRequest."""
    labels = {
        name.removeprefix(LABEL_PREFIX): _label_value(name, value)
        for name, value in headers.items()
        if isinstance(name, str) and name.startswith(LABEL_PREFIX)
    }
    if len(labels) > MAX_LABELS:
        raise invalid("labels", f"The request has {len(labels)} labels, the limit is {MAX_LABELS}. Send fewer.")
    for name in labels:
        if not name or len(name.encode(errors="replace")) > MAX_LABEL_NAME_BYTES or not _is_text(name):
            raise invalid(
                "labels",
                f"The name of a label is empty, longer than {MAX_LABEL_NAME_BYTES} bytes or not text. "
                f"Name the header {LABEL_PREFIX}<name>.",
            )
    return labels


def _label_value(header: str, value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if not isinstance(value, str) or not _is_text(value) or len(value.encode()) > MAX_LABEL_VALUE_BYTES:
        raise invalid(
            "labels",
            f"The header {header[:80]!r} is not a label value. "
            f"Send text of at most {MAX_LABEL_VALUE_BYTES} bytes in UTF-8, without control characters.",
        )
    return value


def _is_text(value: str) -> bool:
    """True when the text can be stored and sent everywhere: no control characters, no lone surrogates."""
    return all(char >= " " and char != "\x7f" and not "\ud800" <= char <= "\udfff" for char in value)


def trace_of(headers: Mapping[str, object]) -> tuple[str, str]:
    """Read traceparent and tracestate as W3C Trace Context says: what is malformed is dropped, never an error."""
    parent, state = headers.get("traceparent"), headers.get("tracestate")
    if not isinstance(parent, str) or not _TRACEPARENT.fullmatch(parent):
        return "", ""
    if not isinstance(state, str) or len(state) > MAX_TRACESTATE or not _TRACESTATE.fullmatch(state):
        return parent, ""
    return parent, state


def deadline_of(properties: Properties) -> datetime | None:
    """Read the deadline: `llm-deadline`, or `llm-timeout-ms` after `timestamp`; the earlier of both. InvalidRequest."""
    headers = properties.headers
    found = []
    if headers.get(DEADLINE) is not None:
        found.append(_date_time(headers[DEADLINE]))
    if headers.get(TIMEOUT) is not None:
        found.append(_after_timestamp(headers[TIMEOUT], properties.timestamp))
    return min(found, default=None)


def _date_time(value: object) -> datetime:
    if isinstance(value, datetime):  # a Java Date arrives as an AMQP timestamp
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    try:
        if isinstance(value, str) and _DATE_TIME.fullmatch(value):
            return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise invalid(DEADLINE, f"The header {DEADLINE} is not an RFC 3339 time, such as 2026-11-23T10:00:00Z.")


def _after_timestamp(value: object, timestamp: int | None) -> datetime:
    milliseconds = int(value) if isinstance(value, str) and _DIGITS.fullmatch(value) else value
    if isinstance(milliseconds, bool) or not isinstance(milliseconds, int) or not 0 <= milliseconds <= MAX_TIMEOUT_MS:
        raise invalid(TIMEOUT, f"The header {TIMEOUT} is not a number of milliseconds from 0 to {MAX_TIMEOUT_MS}.")
    if timestamp is None:
        raise invalid(TIMEOUT, f"{TIMEOUT} counts from the property timestamp, which is missing. Set it when you send.")
    try:
        return datetime.fromtimestamp(timestamp, UTC) + timedelta(milliseconds=milliseconds)
    except (ValueError, OverflowError, OSError):
        raise invalid(TIMEOUT, "The property timestamp is not in seconds since 1970. Send seconds.") from None
