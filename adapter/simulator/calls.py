"""What the simulated model was asked, call by call, so that tests can count."""

from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import TextIO

import orjson


class CallEnd(StrEnum):
    """How a call ended: answered with a reply, failed on purpose, or abandoned by the caller."""

    ANSWERED = "answered"
    FAILED = "failed"
    ABANDONED = "abandoned"


@dataclass(frozen=True, slots=True)
class LoggedCall:
    """One finished call. status 0 = no HTTP answer (reset, hang, abandoned); "" = the caller did not say."""

    number: int
    """In order of arrival, from 1."""
    time: datetime
    """When it came, UTC."""
    request_id: str
    job_id: str
    task: str
    nth: int
    """Which call of this request it was, from 1."""
    fault: str
    """The fault's word, "" = none."""
    source: str
    """Where the answer came from: generated, sample, or "" without one."""
    latency_seconds: float
    """From arrival to end."""
    status: int
    outcome: CallEnd
    concurrency: int
    """Calls in flight when it came, itself included."""
    tokens: int = 0
    """Of prompt and reply, as its usage says; 0 without a reply."""
    caller: str = ""
    """Who called, if it says so: one of several replicas."""

    def to_json(self) -> bytes:
        """One line of JSON."""
        return orjson.dumps(asdict(self))


class CallLog:
    """Finished calls, the oldest dropped first; counts by request; optionally one JSON line each to a file."""

    def __init__(self, limit: int) -> None:
        """Keep at most `limit` calls, and ten times as many requests' counts: a fault for the first call stays one."""
        self._calls: deque[LoggedCall] = deque(maxlen=limit)
        self._counts: OrderedDict[str, int] = OrderedDict()
        self._most_counts = limit * 10
        self._file: TextIO | None = None
        self.total = 0
        self.in_flight = 0

    def write_to(self, file: TextIO | None) -> None:
        """From now on also write each finished call as a line of JSON."""
        self._file = file

    def arrived(self, request_id: str) -> tuple[int, int]:
        """Count a call in; return its number and which call of its request it is."""
        self.total += 1
        self.in_flight += 1
        if not request_id:
            return self.total, 1
        nth = self._counts.pop(request_id, 0) + 1
        self._counts[request_id] = nth
        if len(self._counts) > self._most_counts:
            self._counts.popitem(last=False)
        return self.total, nth

    def ended(self, call: LoggedCall) -> None:
        """Count a call out."""
        self.in_flight -= 1
        self._calls.append(call)
        if self._file is not None:
            self._file.write(f"{call.to_json().decode()}\n")

    def calls(self, *, since: int = 0, keep: Callable[[LoggedCall], bool] = lambda _call: True) -> list[LoggedCall]:
        """Return finished calls with a number above `since`, in the order they ended."""
        return [call for call in self._calls if call.number > since and keep(call)]

    @property
    def counts(self) -> dict[str, int]:
        """Calls that came in, by request id."""
        return dict(self._counts)

    def clear(self) -> None:
        """Forget all finished calls and counts; calls in flight go on."""
        self._calls.clear()
        self._counts.clear()
        self.total = 0
