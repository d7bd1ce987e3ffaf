"""The gRPC server: its settings (each was a trap), its services, its health, and its orderly start and stop."""

import socket
from collections.abc import Sequence
from dataclasses import dataclass

import grpc.aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection, reflection_pb2_grpc
from llm_adapter.v1 import (
    admin_service_pb2,
    admin_service_pb2_grpc,
    job_service_pb2,
    job_service_pb2_grpc,
    task_service_pb2,
    task_service_pb2_grpc,
)

from adapter.inbound.grpc.admin import AdminServicer
from adapter.inbound.grpc.callers import CallerOf, anonymous
from adapter.inbound.grpc.jobs import JobServicer
from adapter.inbound.grpc.reflection import GuardedReflection
from adapter.inbound.grpc.tasks import TaskCatalogue, TaskServicer
from adapter.inbound.grpc.tls import ServerCertificates
from adapter.operator_errors import UnreachableError
from adapter.ports import Observer
from adapter.service.api import BulkService, JobService, ParkedService

SERVICES = tuple(
    contract.DESCRIPTOR.services_by_name[name].full_name
    for contract, name in (
        (job_service_pb2, "JobService"),
        (task_service_pb2, "TaskService"),
        (admin_service_pb2, "AdminService"),
    )
)


class ListenError(UnreachableError):
    """The address cannot be listened on; says why and what to change."""


@dataclass(frozen=True, slots=True)
class GrpcServerSettings:
    """How the server listens. The grace of a connection must be no shorter than the longest job."""

    listen: str = "127.0.0.1:50051"
    """host:port; port 0 = any free one."""
    is_shared: bool = False
    """Several workers listen on the port, which their parent has reserved for them."""
    tls: ServerCertificates | None = None
    """None = plaintext."""
    reflection: bool = True
    message_bytes: int = 16 * 1024 * 1024
    metadata_bytes: int = 16 * 1024
    min_ping_interval_seconds: float = 5
    """Clients that ping a silent connection more often are cut off; Java's shortest keepalive is 10 s."""
    max_connection_age_seconds: float = 1800
    """After so long a client is asked to connect again, and meets new replicas."""
    max_connection_age_grace_seconds: float = 600
    default_timeout_seconds: float | None = None
    """What a RunJob without a deadline waits at most; None = as long as the job takes."""


def channel_options(settings: GrpcServerSettings) -> list[tuple[str, int]]:
    """Return the options of gRPC's core. It ignores names that it does not know: tests prove each."""
    return [
        # One process a port: a second one must fail, not share the port by accident.
        ("grpc.so_reuseport", int(settings.is_shared)),
        # A client that pings each 10 s is otherwise cut off (too_many_pings), and its retry pays the model twice.
        ("grpc.http2.min_ping_interval_without_data_ms", round(settings.min_ping_interval_seconds * 1000)),
        ("grpc.keepalive_permit_without_calls", 1),
        # Our own pings find clients that vanished without a word.
        ("grpc.keepalive_time_ms", 60_000),
        ("grpc.keepalive_timeout_ms", 20_000),
        # A burst of some thousand calls is otherwise answered CANCELLED.
        ("grpc.server.max_pending_requests", 20_000),
        ("grpc.server.max_pending_requests_hard_limit", 30_000),
        # What waited longer than this to be begun is cancelled, too (30 s by default): the caller's deadline decides.
        ("grpc.server_max_unrequested_time_in_server", 3_600),
        ("grpc.max_receive_message_length", settings.message_bytes),
        ("grpc.max_send_message_length", settings.message_bytes),
        # Between the soft and the hard limit calls are refused by chance: there is no between.
        ("grpc.max_metadata_size", settings.metadata_bytes),
        ("grpc.absolute_max_metadata_size", settings.metadata_bytes),
        ("grpc.max_connection_age_ms", round(settings.max_connection_age_seconds * 1000)),
        ("grpc.max_connection_age_grace_ms", round(settings.max_connection_age_grace_seconds * 1000)),
    ]


class GrpcServer:
    """The services of the contract, health and reflection on one port. Build it in the loop that runs it."""

    def __init__(
        self,
        settings: GrpcServerSettings,
        job_service: JobService,
        catalogue: TaskCatalogue,
        parked_service: ParkedService,
        bulk_service: BulkService,
        *,
        caller_of: CallerOf = anonymous,
        observer: Observer | None = None,
        interceptors: Sequence[grpc.aio.ServerInterceptor] = (),
    ) -> None:
        """The observer counts refusals."""
        self._settings = settings
        self._health = health.aio.HealthServicer()
        self._server = grpc.aio.server(options=channel_options(settings), interceptors=interceptors)
        jobs = JobServicer(
            job_service,
            caller_of=caller_of,
            default_timeout_seconds=settings.default_timeout_seconds,
            observer=observer,
        )
        job_service_pb2_grpc.add_JobServiceServicer_to_server(jobs, self._server)
        tasks = TaskServicer(catalogue, caller_of=caller_of)
        task_service_pb2_grpc.add_TaskServiceServicer_to_server(tasks, self._server)
        admin = AdminServicer(parked_service, bulk_service, caller_of=caller_of)
        admin_service_pb2_grpc.add_AdminServiceServicer_to_server(admin, self._server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        if settings.reflection:
            names = (*SERVICES, health.SERVICE_NAME, reflection.SERVICE_NAME)
            guarded = GuardedReflection(names, caller_of=caller_of)
            reflection_pb2_grpc.add_ServerReflectionServicer_to_server(guarded, self._server)  # type: ignore[no-untyped-call]  # its stubs lack types

    async def start(self) -> int:
        """Listen, say SERVING, and return the port. Raises ListenError."""
        port = self._bind()
        await self._server.start()
        await self.set_serving("", serving=True)
        return port

    async def set_serving(self, service_name: str, serving: bool) -> None:  # noqa: FBT001 - the value that is set
        """Set the health of "" (can take requests; the contract's services follow it) or of a name of our own."""
        status = health_pb2.HealthCheckResponse.SERVING if serving else health_pb2.HealthCheckResponse.NOT_SERVING
        for name in (service_name,) if service_name else ("", *SERVICES):
            await self._health.set(name, status)

    async def stop(self, grace_seconds: float) -> None:
        """Say NOT_SERVING, take no new calls, and give those that run so long to end; then they are cancelled."""
        await self._health.enter_graceful_shutdown()
        await self._server.stop(grace_seconds)

    def _bind(self) -> int:
        address = self._settings.listen
        try:
            if self._settings.tls is not None:
                return self._server.add_secure_port(address, self._settings.tls.credentials())
            return self._server.add_insecure_port(address)
        except RuntimeError as exc:
            msg = (
                f"cannot listen on {address} for gRPC: {_why_not(address)}. "
                "Stop the process that has it, or set grpc.listen to another address."
            )
            raise ListenError(msg) from exc


def _why_not(address: str) -> str:
    """Return the system's own word for it, which gRPC's error does not have."""
    host, _, port = address.rpartition(":")
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(
            host.strip("[]"), int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.bind(where)
    except (OSError, ValueError) as exc:
        return exc.strerror if isinstance(exc, OSError) and exc.strerror else str(exc)
    return "gRPC could not bind it"
