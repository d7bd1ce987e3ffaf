"""How long a provider asks us to wait: milliseconds, seconds, an HTTP date, or Google's RetryInfo in the body."""

import math
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)s\Z")


def retry_after_seconds(headers: Mapping[str, str], body: Any, now: datetime) -> float | None:
    """Return the seconds asked for, never negative; None = nothing legible was said. Header names in lower case."""
    for seconds in _said(headers, body, now):
        if seconds is not None and math.isfinite(seconds):
            return max(0.0, seconds)
    return None


def _said(headers: Mapping[str, str], body: Any, now: datetime) -> Iterator[float | None]:
    milliseconds = _number(headers.get("retry-after-ms", ""))
    yield None if milliseconds is None else milliseconds / 1000
    wait = headers.get("retry-after", "")
    yield _number(wait)
    yield _until(wait, _date(headers.get("date", "")) or now)
    yield _retry_info(body)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, IndexError, TypeError):
        return None
    return date if date.tzinfo is not None else date.replace(tzinfo=UTC)


def _until(text: str, now: datetime) -> float | None:
    """Seconds to a date by the provider's own clock: ours may differ."""
    date = _date(text)
    return None if date is None else (date - now).total_seconds()


def _retry_info(body: Any) -> float | None:
    error = body[0] if isinstance(body, list) and body else body
    error = error.get("error", error) if isinstance(error, dict) else None
    details = error.get("details") if isinstance(error, dict) else None
    for detail in details if isinstance(details, list) else ():
        delay = detail.get("retryDelay") if isinstance(detail, dict) else None
        found = _DURATION.match(delay) if isinstance(delay, str) else None
        if found is not None:
            return float(found[1])
    return None
