"""The monolith at its gRPC stub: the shipped client, and what a caller does when even that gives up."""

import asyncio
import time
from collections.abc import Sequence

from llm_adapter import AdapterError, ReplyTo
from llm_adapter.aio import AsyncAdapterClient
from llm_adapter.job import Job

from tests.chaos.history import GRPC, SUCCEEDED, Result, Sent
from tests.chaos.load import RUN, TASK, Asked, Routes
from tests.chaos.queue_client import digest_of
from tests.chaos.recorder import Recorder

_CALL_SECONDS = 60.0
_PATIENCE_SECONDS = 300.0
_PAUSE_SECONDS = 0.5
# Codes with which a recorded outcome is told.
_OUTCOMES = frozenset({"FAILED_PRECONDITION", "INTERNAL"})
_AGAIN = frozenset({"UNAVAILABLE", "RESOURCE_EXHAUSTED", "DEADLINE_EXCEEDED", "CANCELLED", "UNKNOWN", "INTERNAL"})


class GrpcCallers:
    """One client for each replica; a request that one does not answer goes to the next with the same id."""

    def __init__(self, addresses: Sequence[str], routes: Routes, recorder: Recorder) -> None:
        self._clients = [AsyncAdapterClient(address, timeout_seconds=_CALL_SECONDS) for address in addresses]
        self._routes = routes
        self._recorder = recorder
        self._turn = 0

    async def close(self) -> None:
        for client in self._clients:
            await client.close()

    async def call(self, asked: Asked) -> None:
        """Hand it over until it is taken, or patience ends."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < deadline:
            self._turn += 1
            client = self._clients[self._turn % len(self._clients)]
            if await self._is_settled(client, asked):
                return
            await asyncio.sleep(_PAUSE_SECONDS)
        self._recorder.gave_up(asked)

    async def _is_settled(self, client: AsyncAdapterClient, asked: Asked) -> bool:
        try:
            await (self._run(client, asked) if asked.face == RUN else self._submit(client, asked))
        except AdapterError as error:
            return self._told(asked, error)
        return True

    async def _run(self, client: AsyncAdapterClient, asked: Asked) -> None:
        labels = {"simulate": asked.script} if asked.script else {}
        job = await client.run(TASK, asked.payload, request_id=asked.request_id, labels=labels)
        self._recorder.came(_result(asked, job))
        self._recorder.sent(asked, Sent.OK)

    async def _submit(self, client: AsyncAdapterClient, asked: Asked) -> None:
        await client.submit(
            TASK,
            asked.payload,
            request_id=asked.request_id,
            labels={"simulate": asked.script} if asked.script else {},
            reply_to=None if asked.route == self._routes.results else ReplyTo(asked.route),
            correlation_id=asked.correlation_id,
        )
        self._recorder.sent(asked, Sent.OK)

    def _told(self, asked: Asked, error: AdapterError) -> bool:
        """Record an error: as an outcome, as something that may pass, or as a refusal."""
        is_outcome = asked.face == RUN and error.job_id and error.grpc_code in _OUTCOMES and error.retryable == "NO"
        if is_outcome:
            self._recorder.came(_failure(asked, error))
            self._recorder.sent(asked, Sent.OK)
            return True
        if error.grpc_code in _AGAIN or error.retryable != "NO":
            self._recorder.sent(asked, Sent.UNKNOWN, f"{error.grpc_code} {error.reason}")
            return False
        self._recorder.sent(asked, Sent.FAILED, f"{error.grpc_code} {error.reason}")
        self._recorder.gave_up(asked)
        return True


def _result(asked: Asked, job: Job) -> Result:
    """A RunJob is answered under the job's own id."""
    return Result(
        time=time.time(),
        request_id=asked.request_id,
        route=GRPC,
        correlation_id="",
        message_id=job.job_id,
        job_id=job.job_id,
        revision=job.message.revision,
        outcome=SUCCEEDED,
        reason="",
        digest=digest_of(job.content),
    )


def _failure(asked: Asked, error: AdapterError) -> Result:
    return Result(
        time=time.time(),
        request_id=asked.request_id,
        route=GRPC,
        correlation_id="",
        message_id=error.job_id,
        job_id=error.job_id,
        revision=1,
        outcome="failed",
        reason=error.reason,
        digest="",
    )
