"""Pages, newest first: a token is the place of the last row, so rows that come meanwhile shift nothing."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass

import orjson
from sqlalchemy import ColumnElement, tuple_

from adapter.errors import InvalidRequest

Place = tuple[int, str]  # time in microseconds, id


@dataclass(frozen=True, slots=True)
class Page:
    """How many rows, and after which place; None = from the newest."""

    size: int
    after: Place | None

    @classmethod
    def asked(cls, size: int, token: str) -> "Page":
        """Read a token of ours. Raises InvalidRequest for another."""
        return cls(max(size, 1), _read_token(token) if token else None)


def older_than(time: ColumnElement[int], identity: ColumnElement[str], place: Place) -> ColumnElement[bool]:
    """Rows behind a place, when the newest come first."""
    return tuple_(time, identity) < tuple_(*place)


def next_token(page: Page, places: Sequence[Place]) -> str:
    """Return the token of the next page; places has one more than the page when there is one."""
    if len(places) <= page.size:
        return ""
    return urlsafe_b64encode(orjson.dumps(places[page.size - 1])).decode()


def _read_token(token: str) -> Place:
    try:
        time, identity = orjson.loads(urlsafe_b64decode(token.encode()))
        return int(time), str(identity)
    except (ValueError, TypeError) as exc:
        raise InvalidRequest("page_token: is not one of ours. Send the one of the page before, or none.") from exc
