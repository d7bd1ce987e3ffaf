"""Reflection, for those who may come in."""

from collections.abc import AsyncIterable, AsyncIterator, Sequence
from typing import Any

from grpc_reflection.v1alpha import reflection, reflection_pb2

from adapter.inbound.grpc.answering import Answering, Context
from adapter.inbound.grpc.callers import CallerOf


class GuardedReflection:
    """The standard service, behind the same door as the others."""

    def __init__(self, service_names: Sequence[str], *, caller_of: CallerOf) -> None:
        # Its published types say that it returns a coroutine; it is an asynchronous generator.
        self._standard: Any = reflection.aio.ReflectionServicer(service_names)
        self._caller_of = caller_of

    async def ServerReflectionInfo(
        self, request_iterator: AsyncIterable[reflection_pb2.ServerReflectionRequest], context: Context
    ) -> AsyncIterator[reflection_pb2.ServerReflectionResponse]:
        """Answer questions about the services."""
        async with Answering(context, "ServerReflectionInfo"):
            await self._caller_of(context)
            async for answer in self._standard.ServerReflectionInfo(request_iterator, context):
                yield answer
