"""How every call ends: its errors translated, bugs of ours hidden behind an error id, and in time for its caller."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from types import TracebackType
from typing import Any, Self, TypeVar
from uuid import uuid4

import grpc.aio
import structlog

from adapter.domain.job import Job
from adapter.errors import AdapterError, CallerDeadlineExceeded, InternalError
from adapter.inbound.grpc.errors import abort
from adapter.ports import Observer
from adapter.service.api import Progress

Context = grpc.aio.ServicerContext[Any, Any]
T = TypeVar("T")

# The server answers so long before the caller's deadline: later, the caller would see neither reason nor job id.
MARGIN_SECONDS = 0.3
_log = structlog.get_logger()


class Answering:
    """Ends the call with the error raised inside: an AdapterError as it is, anything else as INTERNAL with an id.

    Cancellation (the caller went away, the server stops) passes on. With an observer, refusals are counted.
    """

    def __init__(self, context: Context, rpc: str, observer: Observer | None = None) -> None:
        self._context = context
        self._rpc = rpc
        self._observer = observer

    async def __aenter__(self) -> Self:
        """Begin."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Translate; never swallows, so that what follows runs only after success."""
        if not isinstance(error, Exception):
            return
        answer = error if isinstance(error, AdapterError) else _logged(error, self._rpc)
        if self._observer is not None and not answer.recorded:
            self._observer.request_refused(answer.reason, "grpc")
        await abort(self._context, answer)


def _logged(error: Exception, rpc: str) -> InternalError:
    """Write what happened to the log, and return what the caller may know of it."""
    error_id = uuid4().hex
    _log.error("internal_error", error_id=error_id, rpc=rpc, exc_info=error)
    message = f"A bug of llm-adapter. The log has the details under the error id {error_id}; please report it."
    return InternalError(message, metadata={"error_id": error_id})


def seconds_left(context: Context) -> float | None:
    """Return the time until the caller's deadline less the margin, at least 0; None = there is no deadline."""
    remaining = _remaining_seconds(context)
    return None if remaining is None else max(0.0, remaining - MARGIN_SECONDS)


def _remaining_seconds(context: Context) -> float | None:
    # The published type says float, but without a deadline it is None.
    return context.time_remaining()


def _lookup_seconds(context: Context) -> float | None:
    """As seconds_left, but never less than half: who asks with a deadline below the margin gets an answer too."""
    remaining = _remaining_seconds(context)
    return None if remaining is None else max(remaining / 2, remaining - MARGIN_SECONDS)


async def in_time(context: Context, use_case: Awaitable[T], *, job_id: str = "") -> T:
    """Await a use case that takes no timeout itself. Raises CallerDeadlineExceeded before the caller gives up."""
    try:
        async with asyncio.timeout(_lookup_seconds(context)) as limit:
            return await use_case
    except TimeoutError:
        if not limit.expired():
            raise
        raise _deadline_exceeded(job_id) from None


async def each_in_time(context: Context, events: AsyncIterator[Job | Progress]) -> AsyncIterator[Job | Progress]:
    """Yield the events of a job. Raises CallerDeadlineExceeded before the caller gives up."""
    left = _lookup_seconds(context)
    end = None if left is None else asyncio.get_running_loop().time() + left
    job_id = ""
    while True:
        try:
            async with asyncio.timeout_at(end) as limit:
                event = await anext(events)
        except StopAsyncIteration:
            return
        except TimeoutError:
            if not limit.expired():
                raise
            raise _deadline_exceeded(job_id) from None
        job_id = event.job_id
        yield event


def _deadline_exceeded(job_id: str) -> CallerDeadlineExceeded:
    return CallerDeadlineExceeded(metadata={"job_id": job_id} if job_id else None)
