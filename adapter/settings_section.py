"""What sections of the configuration are made of."""

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field

from adapter.durations import parse_duration_seconds

Seconds = Annotated[float, BeforeValidator(parse_duration_seconds), Field(ge=0, allow_inf_nan=False)]
Interval = Annotated[Seconds, Field(gt=0)]
"""Between two looks at something, or until it is given up: never nothing at all."""


STRICT = ConfigDict(extra="forbid", frozen=True)
"""Of every section."""


def _address(value: str) -> str:
    host, separator, port = value.rpartition(":")
    if not separator or not host or not port.isdigit() or int(port) > 65_535:  # noqa: PLR2004 - the largest port
        raise ValueError(f"{value!r} is not host:port")
    return value


Address = Annotated[str, AfterValidator(_address)]
