"""Where a piece of work stands in a trace that began elsewhere: the two headers of W3C Trace Context."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TraceContext:
    """The span to hang what follows beneath; "" = there is none."""

    traceparent: str = ""
    tracestate: str = ""

    @property
    def trace_id(self) -> str:
        """The trace, 32 hexadecimal digits; "" = none."""
        parts = self.traceparent.split("-")
        return parts[1] if len(parts) > 1 else ""

    def headers(self) -> dict[str, str]:
        """What a call or message carries; empty without a trace."""
        named = {"traceparent": self.traceparent, "tracestate": self.tracestate if self.traceparent else ""}
        return {name: value for name, value in named.items() if value}


NO_TRACE = TraceContext()
