"""Histories to judge: one where all is well, and what to change in it."""

from dataclasses import replace

from tests.chaos.history import (
    GRPC,
    SUCCEEDED,
    Disturbance,
    History,
    JobRow,
    Kind,
    ModelCall,
    Result,
    Send,
    Sent,
)

ROUTE = "crm.replies"


def send(request_id: str = "r1", state: Sent = Sent.OK, *, correlation: str = "c1", route: str = ROUTE) -> Send:
    return Send(100.0, request_id, "queue", route, correlation, state)


def result(request_id: str = "r1", *, message_id: str = "m1", correlation: str = "c1", route: str = ROUTE) -> Result:
    return Result(110.0, request_id, route, correlation, message_id, f"job-{request_id}", 1, SUCCEEDED, "", "d1")


def row(request_id: str = "r1", state: str = "SUCCEEDED", *, origin: str = "queued") -> JobRow:
    return JobRow(f"job-{request_id}", request_id, origin, state, 1)


def call(number: int = 1, *, begin: float = 102.0, end: float = 108.0, fault: str = "", outcome: str = "") -> ModelCall:
    ended = outcome or ("failed" if fault else "answered")
    return ModelCall(number, "r1", "replica-0", begin, end, fault, ended)


def done(kind: Kind, begin: float, end: float, *, target: str = "", gone: float = 0.0) -> Disturbance:
    return Disturbance(kind, target, begin, end, gone)


def good() -> History:
    """One request, one call, one answer."""
    return History(sends=[send()], results=[result()], calls=[call()], rows=[row()])


__all__ = ["GRPC", "call", "done", "good", "replace", "result", "row", "send"]
