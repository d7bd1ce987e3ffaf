"""AdminService: what operators do with parked messages, and with finished jobs in bulk."""

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable

from llm_adapter.v1 import admin_service_pb2, admin_service_pb2_grpc

from adapter.errors import PermissionDenied
from adapter.inbound.grpc import from_proto
from adapter.inbound.grpc.answering import Answering, Context, in_time
from adapter.inbound.grpc.bulk import BulkRequest, bulk, change_message
from adapter.inbound.grpc.callers import CallerOf, anonymous
from adapter.inbound.grpc.parked_to_proto import parked_message
from adapter.service.api import BulkService, Caller, ParkedService
from adapter.service.bulk import Batch, Bulk


class AdminServicer(admin_service_pb2_grpc.AdminServiceServicer):
    """Translates calls into use cases of the operators."""

    def __init__(self, service: ParkedService, bulk_service: BulkService, *, caller_of: CallerOf = anonymous) -> None:
        self._service = service
        self._bulk = bulk_service
        self._caller_of = caller_of

    async def _operator(self, context: Context) -> Caller:
        caller = await self._caller_of(context)
        if not caller.is_operator:
            raise PermissionDenied(
                f"The client {caller.client} is no operator. Use an operator's key, or set its role in the keys file.",
                metadata={"client": caller.client},
            )
        return caller

    async def ListParked(
        self, request: admin_service_pb2.ListParkedRequest, context: Context
    ) -> admin_service_pb2.ListParkedResponse:
        """List a page, without bodies."""
        async with Answering(context, "ListParked"):
            await self._operator(context)
            page_size, page_token = from_proto.page(request.page_size, request.page_token)
            listed = self._service.list(page_size=page_size, page_token=page_token)
            parked, token = await in_time(context, listed)
            messages = [parked_message(one, with_body=False) for one in parked]
            return admin_service_pb2.ListParkedResponse(parked=messages, next_page_token=token)

    async def GetParked(
        self, request: admin_service_pb2.GetParkedRequest, context: Context
    ) -> admin_service_pb2.GetParkedResponse:
        """Show one with its body."""
        async with Answering(context, "GetParked"):
            await self._operator(context)
            parked = await in_time(context, self._service.get(from_proto.parked_id(request.parked_id)))
            return admin_service_pb2.GetParkedResponse(parked=parked_message(parked, with_body=True))

    async def ReplayParked(
        self, request: admin_service_pb2.ReplayParkedRequest, context: Context
    ) -> admin_service_pb2.ReplayParkedResponse:
        """Publish one again."""
        async with Answering(context, "ReplayParked"):
            await self._operator(context)
            parked = await in_time(context, self._service.replay(from_proto.parked_id(request.parked_id)))
            return admin_service_pb2.ReplayParkedResponse(parked=parked_message(parked, with_body=False))

    async def DiscardParked(
        self, request: admin_service_pb2.DiscardParkedRequest, context: Context
    ) -> admin_service_pb2.DiscardParkedResponse:
        """Delete one."""
        async with Answering(context, "DiscardParked"):
            await self._operator(context)
            await in_time(context, self._service.discard(from_proto.parked_id(request.parked_id)))
            return admin_service_pb2.DiscardParkedResponse()

    async def RetryJobs(
        self, request: admin_service_pb2.RetryJobsRequest, context: Context
    ) -> AsyncIterator[admin_service_pb2.RetryJobsResponse]:
        """Make revisions."""
        async with Answering(context, "RetryJobs"), self._batches(request, context, self._bulk.retry) as batches:
            async for batch in batches:
                changes = [change_message(one) for one in batch.jobs]
                yield admin_service_pb2.RetryJobsResponse(changes=changes, resume_token=batch.resume_token)

    async def RepublishJobs(
        self, request: admin_service_pb2.RepublishJobsRequest, context: Context
    ) -> AsyncIterator[admin_service_pb2.RepublishJobsResponse]:
        """Send results again."""
        async with (
            Answering(context, "RepublishJobs"),
            self._batches(request, context, self._bulk.republish) as batches,
        ):
            async for batch in batches:
                changes = [change_message(one) for one in batch.jobs]
                yield admin_service_pb2.RepublishJobsResponse(changes=changes, resume_token=batch.resume_token)

    async def PurgeJobs(
        self, request: admin_service_pb2.PurgeJobsRequest, context: Context
    ) -> AsyncIterator[admin_service_pb2.PurgeJobsResponse]:
        """Erase jobs."""
        async with Answering(context, "PurgeJobs"), self._batches(request, context, self._bulk.purge) as batches:
            async for batch in batches:
                changes = [change_message(one) for one in batch.jobs]
                yield admin_service_pb2.PurgeJobsResponse(changes=changes, resume_token=batch.resume_token)

    @contextlib.asynccontextmanager
    async def _batches(
        self, request: BulkRequest, context: Context, use_case: Callable[[Bulk], AsyncGenerator[Batch, None]]
    ) -> AsyncIterator[AsyncGenerator[Batch, None]]:
        """Ended with the call: what was not begun then is left as it is."""
        wanted = bulk(request, await self._operator(context))
        async with contextlib.aclosing(use_case(wanted)) as batches:
            yield batches
