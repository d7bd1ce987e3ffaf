"""`adapter serve`: starts every part in order, keeps them going, drains on SIGTERM."""

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass

import structlog

from adapter.bootstrap.broker import BrokerSide
from adapter.bootstrap.catalogue import read_catalogue
from adapter.bootstrap.core import Core, build_core, build_store
from adapter.bootstrap.doors import Doors, certificates_of
from adapter.bootstrap.failpoints import arm_failpoints, around_models
from adapter.bootstrap.limits import build_share_exchange, warn_of_small_limits
from adapter.bootstrap.models import build_models, close_models
from adapter.bootstrap.operators import build_operator_side
from adapter.bootstrap.seat import Seat
from adapter.bootstrap.traces import Traces
from adapter.errors import StoreUnavailable
from adapter.inbound.grpc.server import GrpcServer, GrpcServerSettings
from adapter.inbound.http import OperationsServer
from adapter.outbound.loop_watch import LoopWatch
from adapter.outbound.metrics import Metrics
from adapter.outbound.system_clock import SystemClock
from adapter.service.housekeeping import Housekeeping, HousekeepingSettings
from adapter.settings import Settings

log = structlog.get_logger()

# Health of links and models is looked at so often.
_HEALTH_SECONDS = 1.0
# Whoever asks /readyz waits no longer than this for the store.
_READY_SECONDS = 2.0
# A start waits so long for the broker; then it serves gRPC, and the queues when they come.
_BROKER_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Ports:
    """Where it listens."""

    grpc: int
    http: int


class Application:
    """The whole service in one process."""

    def __init__(self, settings: Settings, seat: Seat | None = None) -> None:
        """Load tasks and wire; raises TaskProblems, ConfigurationProblems, SecretMissing. Nothing is opened yet.

        Seat: of one of several workers; None = alone.
        """
        arm_failpoints()
        self.settings = settings
        self.seat = seat
        self.metrics = Metrics()
        catalogue = read_catalogue(settings)
        store = build_store(settings)
        self.traces = Traces(settings, instance=store.replica_id)
        models = self.traces.around_models(
            around_models(build_models(settings, catalogue, self.metrics, shares_limits=True))
        )
        self.doors = Doors(settings.auth, SystemClock())
        self._certificates = certificates_of(settings.grpc.tls)
        self.broker = (
            BrokerSide(settings.amqp, settings.limits, catalogue, self.metrics, store, self.traces.tracer)
            if settings.amqp
            else None
        )
        self.core: Core = build_core(
            settings,
            catalogue,
            models,
            self.metrics,
            store,
            outbox=self.broker.relay if self.broker else None,
            routing=self.broker.routing if self.broker else None,
            check_reply_to=self.broker.check_reply_to if self.broker else None,
            client_of=self.doors.clients.client_of,
            tracer=self.traces.tracer,
        )
        if self.broker:
            self.broker.serve(self.core, self.doors.clients)
        retention = settings.retention
        self.housekeeping = Housekeeping(
            store,
            self.core.runs,
            self.core.clock,
            HousekeepingSettings(
                heartbeat_seconds=settings.database.heartbeat_seconds,
                reap_seconds=max(1.0, settings.database.lease_seconds / 2),
                retention_jobs_seconds=retention.jobs,
                retention_replies_seconds=retention.replies,
            ),
        )
        self.shares = build_share_exchange(self.core)
        self.is_draining = False
        self._tasks: list[asyncio.Task[None]] = []
        self._grpc: GrpcServer | None = None
        self._http: OperationsServer | None = None

    async def start(self) -> Ports:
        """Open the store, take up the beside-work, then listen. Raises StoreLocked, ListenError, PortTakenError."""
        core = self.core
        self._warn_of_waits()
        warn_of_small_limits(core)
        await core.store.open()
        await core.store.heartbeat()
        if await core.store.reap():
            core.runs.start_slowly()
        await self.shares.exchange()
        self._beside(LoopWatch(self.metrics.loop_lag).run(), "loop watch")
        self._beside(self.shares.run(), "shares")
        self._beside(self.housekeeping.run(), "housekeeping")
        await self.doors.open()
        self._beside(self.doors.run(), "doors")
        if self.broker:
            self._beside(self.broker.run(), "broker")
            self._beside(self.broker.lost_messages(core).run(), "lost messages")
            await self.broker.wait_consuming(_BROKER_SECONDS)
        else:
            self._beside(core.submissions.run_stored(), "stored jobs")
        self._follow_levels()
        operators = build_operator_side(core, self.broker)
        self._grpc = GrpcServer(
            self._grpc_settings(),
            core.jobs,
            core.catalogue,
            operators.parked,
            operators.operations,
            caller_of=self.doors.caller_of,
            observer=self.metrics,
            interceptors=self.traces.interceptors(),
        )
        listen = f"unix:{self.seat.http_socket}" if self.seat else self.settings.http.listen
        self._http = OperationsServer(listen, ready=self.problems, states=self.states, metrics=self._render)
        ports = Ports(await self._grpc.start(), await self._http.start())
        self._beside(self._follow_health(), "health")
        event = "worker_started" if self.seat else "started"
        log.info(event, grpc_port=ports.grpc, http_port=ports.http, tasks=[t.ref for t in core.catalogue.all()])
        return ports

    def _follow_levels(self) -> None:
        consumers = self.broker.consumers if self.broker else None
        publisher = self.broker.publisher if self.broker else None
        self.metrics.follow(
            async_tasks=lambda: len(asyncio.all_tasks()),
            deliveries=lambda: consumers.running if consumers else 0,
            unconfirmed=lambda: publisher.in_flight if publisher else 0,
        )

    def _warn_of_waits(self) -> None:
        """Say which setting would end a job that its own task still gives time, or outlast the broker's patience."""
        tasks = self.core.catalogue.all()
        longest = max((task.definition.policy.seconds for task in tasks), default=0.0)
        for name, seconds in (
            ("drain_seconds", self.settings.drain_seconds),
            ("grpc.connection_grace_seconds", self.settings.grpc.connection_grace_seconds),
        ):
            if seconds < longest:
                log.warning("setting_too_short", setting=name, seconds=seconds, longest_job_seconds=longest)
        amqp = self.settings.amqp
        if amqp is not None and amqp.hold_seconds < amqp.max_hold_seconds:
            asked, used = amqp.max_hold_seconds, amqp.hold_seconds
            log.warning("setting_too_long", setting="amqp.max_hold_seconds", seconds=asked, used_seconds=used)

    def _grpc_settings(self) -> GrpcServerSettings:
        grpc = self.settings.grpc
        return GrpcServerSettings(
            listen=self.seat.grpc_listen if self.seat else grpc.listen,
            is_shared=self.seat is not None,
            tls=self._certificates,
            reflection=grpc.reflection,
            max_connection_age_seconds=grpc.max_connection_age_seconds,
            max_connection_age_grace_seconds=grpc.connection_grace_seconds,
        )

    def _beside(self, work: Coroutine[None, None, None], name: str) -> None:
        self._tasks.append(asyncio.create_task(work, name=name))

    async def failed(self) -> None:
        """Return when a part that must go on has ended, by raising what ended it."""
        done, _ = await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            await task

    async def drain(self) -> None:
        """Take nothing new, let what runs end, send what is stored, close. In this order, documented in operations."""
        self.is_draining = True
        log.info("draining", in_flight=len(self.core.runs), seconds=self.settings.drain_seconds)
        seconds = self.settings.drain_seconds
        stopping = [self._grpc.stop(seconds)] if self._grpc else []
        if self.broker and self.broker.consumers:
            await self.broker.consumers.stop_taking()
        await asyncio.gather(*stopping, self.core.runs.drain(seconds))
        if self.broker:
            if self.broker.consumers:
                await self.broker.consumers.drain(5.0)
            await self.broker.relay.drain(10.0)
            await self.broker.publisher.close()

    async def close(self) -> None:
        """Close everything; also after a start that failed half-way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._http:
            await self._http.stop()
        try:
            await self.shares.leave()
            await self.core.store.retire()
        except StoreUnavailable as exc:
            log.warning("not_retired", reason=exc.message)
        await self.core.store.close()
        await close_models(self.core.models)
        await self.traces.close()
        log.info("stopped")

    async def problems(self) -> list[str]:
        """What stands against taking gRPC requests."""
        problems = ["draining"] if self.is_draining else []
        try:
            async with asyncio.timeout(_READY_SECONDS):
                await self.core.store.check()
        except StoreUnavailable as exc:
            problems.append(f"the store cannot be written: {exc.message}")
        except TimeoutError:
            problems.append(f"the store was not written within {_READY_SECONDS:g} s")
        return problems

    def states(self) -> Mapping[str, str]:
        """Broker, queues and models, for people; they never flip readiness."""
        states = {f"model.{name}": one.gate.state.value for name, one in self.core.models.items()}
        return states | (dict(self.broker.states()) if self.broker else {})

    async def _render(self) -> bytes:
        try:
            pending = await self.core.store.pending_publications()
        except StoreUnavailable:
            pending = -1
        if self.broker:
            self.broker.measure()
        return self.metrics.render(pending)

    async def _follow_health(self) -> None:
        """Keep grpc.health.v1 in step with readiness, models, links and queues."""
        while self._grpc is not None:
            ready = not self.is_draining and self.housekeeping.is_store_writable
            await self._grpc.set_serving("", ready)
            for name, state in self.states().items():
                await self._grpc.set_serving(name, state in {"up", "open", "consuming"})
            await self.core.clock.sleep(_HEALTH_SECONDS)
