"""A crowd of callers, each with one request after the other, that obey what a limited service tells them."""

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import grpc
from llm_adapter.v1 import job_pb2, job_service_pb2, job_service_pb2_grpc

_TRY_AGAIN = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.DEADLINE_EXCEEDED}


@dataclass(frozen=True, slots=True)
class Served:
    """One request that got its outcome."""

    caller: int
    begun: float
    ended: float

    @property
    def seconds(self) -> float:
        return self.ended - self.begun


@dataclass(slots=True)
class Crowd:
    """Callers of some addresses; those may change while they call."""

    addresses: list[str]
    payloads: Sequence[tuple[str, str, bytes]]
    """Task, content type, content."""
    served: list[Served] = field(default_factory=list)
    begun: dict[int, float] = field(default_factory=dict)
    """When each began the request that it has now."""
    refusals: int = 0
    ended: float = 0.0
    """When the time was over."""
    _channels: dict[str, Any] = field(default_factory=dict)

    @property
    def longest_wait_seconds(self) -> float:
        """Of any request, also of those that were not served when the time was over."""
        return max([one.seconds for one in self.served] + [self.ended - begun for begun in self.begun.values()])

    async def call(self, callers: int, seconds: float) -> None:
        """Let so many call until the time is over; every third submits and watches, the others run."""
        deadline = time.monotonic() + seconds
        async with asyncio.TaskGroup() as group:
            for number in range(callers):
                group.create_task(self._go_on(number, deadline))
        self.ended = time.monotonic()
        for channel in self._channels.values():
            await channel.close()

    async def _go_on(self, number: int, deadline: float) -> None:
        turns = 0
        while time.monotonic() < deadline:
            self.begun[number] = time.monotonic()
            payload = self.payloads[(number + turns) % len(self.payloads)]
            if not await self._until_served(number, payload, deadline):
                return
            self.served.append(Served(number, self.begun[number], time.monotonic()))
            turns += 1

    async def _until_served(self, number: int, payload: tuple[str, str, bytes], deadline: float) -> bool:
        request_id = f"crowd-{number}-{uuid4().hex[:8]}"
        while time.monotonic() < deadline:
            try:
                async with asyncio.timeout(deadline - time.monotonic()):
                    await self._ask(number, payload, request_id)
            except TimeoutError:
                return False
            except grpc.aio.AioRpcError as exc:
                if exc.code() not in _TRY_AGAIN:
                    raise
                self.refusals += 1
                await asyncio.sleep(min(_pushback_seconds(exc), max(0.0, deadline - time.monotonic())))
            else:
                return True
        return False

    async def _ask(self, number: int, payload: tuple[str, str, bytes], request_id: str) -> None:
        task, content_type, content = payload
        jobs = job_service_pb2_grpc.JobServiceStub(self._channel())
        fields: dict[str, Any] = {
            "task": task,
            "request_id": request_id,
            "payload": job_pb2.Payload(content=content, content_type=content_type),
        }
        if number % 3:
            await jobs.RunJob(job_service_pb2.RunJobRequest(**fields), timeout=60)
            return
        submitted = await jobs.SubmitJob(job_service_pb2.SubmitJobRequest(**fields), timeout=60)
        watch = jobs.WatchJob(job_service_pb2.WatchJobRequest(job_id=submitted.job.job_id))
        async for _event in watch:
            continue

    def _channel(self) -> Any:
        address = random.choice(self.addresses)
        if address not in self._channels:
            self._channels[address] = grpc.aio.insecure_channel(address)
        return self._channels[address]


def _pushback_seconds(exc: grpc.aio.AioRpcError) -> float:
    for key, value in exc.trailing_metadata() or ():
        if key == "grpc-retry-pushback-ms":
            return int(value) / 1000
    return 0.3
