"""Why there were more model calls than jobs: in flight when the trouble began, a probe of the breaker, or no reason."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

# From the moment a call is sent to the moment the simulator logs it, on a busy machine.
TRAVEL_SECONDS = 2.0


@dataclass(frozen=True)
class Trouble:
    """When the test broke the model and healed it, and how the adapter's breaker went: (time, is it closed)."""

    began: float
    healed: float
    states: Sequence[tuple[float, bool]]
    pause_seconds: float
    """Least time between two probes."""

    def closed_since(self, at: float) -> float | None:
        """When the breaker closed, if no call but probes was let through at that time."""
        before = [(time, closed) for time, closed in self.states if time <= at]
        return min(time for time, closed in before if time > _last_open(before)) if before and before[-1][1] else None

    def was_closed(self, at: float) -> bool:
        """Say whether no call but probes was let through."""
        return self.closed_since(at) is not None


def _last_open(states: Sequence[tuple[float, bool]]) -> float:
    return max((time for time, closed in states if not closed), default=float("-inf"))


def states_of(events: Sequence[dict[str, Any]], model: str = "default") -> list[tuple[float, bool]]:
    """Read the breaker's changes from the adapter's log."""
    return [
        (event_time(event), event["state"] != "up")
        for event in events
        if event["event"] == "model_state" and event["model"] == model
    ]


def unattributed(calls: Sequence[dict[str, Any]], trouble: Trouble) -> list[dict[str, Any]]:
    """Return the calls that brought no reply, or a second one, for no reason."""
    answered = Counter(call["request_id"] for call in calls if call["outcome"] == "answered")
    doubled = [call for call in calls if call["outcome"] == "answered" and answered[call["request_id"]] > 1]
    last_probe = float("-inf")
    hurried: set[float] = set()
    unexplained = []
    for call in sorted((call for call in calls if call["outcome"] != "answered"), key=call_time):
        sent = call_time(call)
        closed_since = trouble.closed_since(sent - TRAVEL_SECONDS)
        if closed_since is not None:
            if sent - last_probe < trouble.pause_seconds * 0.9:
                # A late reply to a call from before lets one probe hurry.
                if closed_since in hurried:
                    unexplained.append(call)
                hurried.add(closed_since)
            last_probe = sent
        elif not trouble.began <= sent <= trouble.healed + TRAVEL_SECONDS:
            unexplained.append(call)
    return unexplained + doubled


def event_time(event: dict[str, Any]) -> float:
    return datetime.fromisoformat(event["timestamp"]).timestamp()


def call_time(call: dict[str, Any]) -> float:
    return datetime.fromisoformat(call["time"]).timestamp()
