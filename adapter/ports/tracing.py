"""Spans: what is done, how long it takes, and beneath what it hangs. Off by default, and then they cost nothing."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from enum import StrEnum
from types import TracebackType
from typing import Protocol, Self

from adapter.domain.trace import NO_TRACE, TraceContext

AttributeValue = str | int | float | bool | Sequence[str]
Attributes = Mapping[str, AttributeValue]


class SpanKind(StrEnum):
    """What a span is to others, in OpenTelemetry's words."""

    INTERNAL = "INTERNAL"
    SERVER = "SERVER"
    CLIENT = "CLIENT"
    CONSUMER = "CONSUMER"
    PRODUCER = "PRODUCER"


class Span(Protocol):
    """Something that is being done."""

    def note(self, attributes: Attributes) -> None:
        """Say more of it. Never a payload, prompt or reply."""

    def failed(self, reason: str) -> None:
        """It ended in this error; a class or a reason, no message. An exception that leaves the span says so itself."""


class Tracer(Protocol):
    """Makes spans. They cross awaits and tasks as context variables do."""

    def span(
        self,
        name: str,
        *,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Attributes | None = None,
        parent: TraceContext = NO_TRACE,
    ) -> AbstractContextManager[Span]:
        """Do something within a span, beneath the current one; `parent` counts where there is none."""

    def here(self) -> TraceContext:
        """What a call or message made now carries; NO_TRACE outside of every span."""


class _NoSpan:
    """Nothing is noted."""

    def note(self, attributes: Attributes) -> None:
        """Do nothing."""

    def failed(self, reason: str) -> None:
        """Do nothing."""

    def __enter__(self) -> Self:
        """Begin nothing."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End nothing."""


class NoTracer:
    """Traces are off."""

    _span = _NoSpan()

    def span(
        self,
        name: str,  # noqa: ARG002 - as every tracer
        *,
        kind: SpanKind = SpanKind.INTERNAL,  # noqa: ARG002 - as above
        attributes: Attributes | None = None,  # noqa: ARG002 - as above
        parent: TraceContext = NO_TRACE,  # noqa: ARG002 - as above
    ) -> AbstractContextManager[Span]:
        """Begin nothing."""
        return self._span

    def here(self) -> TraceContext:
        """There is no span."""
        return NO_TRACE


NO_TRACER = NoTracer()
