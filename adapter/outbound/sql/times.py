"""Times and durations as whole microseconds, as the tables hold them."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_PER_SECOND = 1_000_000


def to_us(time: datetime) -> int:
    """Microseconds since 1970 of an aware time."""
    return (time - _EPOCH) // _MICROSECOND


def some_to_us(time: datetime | None) -> int | None:
    """Microseconds since 1970, None for None."""
    return None if time is None else to_us(time)


def from_us(microseconds: int) -> datetime:
    """UTC time of so many microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=microseconds)


def some_from_us(microseconds: int | None) -> datetime | None:
    """UTC time, None for None."""
    return None if microseconds is None else from_us(microseconds)


def seconds_to_us(seconds: float) -> int:
    """Whole microseconds of a duration."""
    return round(seconds * _PER_SECOND)


def us_to_seconds(microseconds: int) -> float:
    """Seconds of a duration."""
    return microseconds / _PER_SECOND
