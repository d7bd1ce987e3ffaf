"""What a parent tells its workers: the whole configuration as it read it, and the place of each."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr

from adapter.settings import Settings


@dataclass(frozen=True, slots=True)
class Seat:
    """Where one of several workers listens."""

    number: int
    grpc_listen: str
    """An address that the parent reserved, to be shared with the other workers."""
    http_socket: str
    """Path of a Unix socket, from which the parent fetches health and metrics."""


def write_orders(settings: Settings, seat: Seat) -> bytes:
    """Return one line for a worker's stdin. It holds what the configuration holds: references, and secrets if any."""
    return json.dumps({"settings": _plain(settings), "seat": asdict(seat)}).encode() + b"\n"


def read_orders(line: bytes) -> tuple[Settings, Seat]:
    """Read what write_orders wrote."""
    orders = json.loads(line)
    return Settings.model_validate(orders["settings"]), Seat(**orders["seat"])


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return {name: _plain(getattr(value, name)) for name in value.model_fields_set}
    if isinstance(value, Mapping):
        return {key: _plain(below) for key, below in value.items()}
    if isinstance(value, list | tuple | frozenset | set):
        return [_plain(item) for item in value]
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return str(value) if isinstance(value, Path | Decimal) else value
