"""The broker side: two links, topology, consumers, publisher and relay."""

import asyncio
import contextlib
import logging
from collections.abc import Mapping
from functools import partial

import structlog

from adapter.bootstrap.core import Core
from adapter.bootstrap.request_queues import RequestQueuesAtBroker
from adapter.broker.close_rules import CloseAction
from adapter.broker.direct_replies import DividedPublisher
from adapter.broker.errors import BrokerError, SetupFailed
from adapter.broker.events import EventField
from adapter.broker.link import Link, LinkSettings, LinkState
from adapter.broker.publisher import BrokerPublisher
from adapter.broker.tls import client_context
from adapter.broker.topology import declare, verify
from adapter.broker.wiring import Topology
from adapter.domain.job import Route
from adapter.domain.message import ReceivedMessage
from adapter.domain.payload import Payload
from adapter.errors import AdapterError
from adapter.inbound.amqp.consumers import Consumers, consumers_of
from adapter.inbound.amqp.handlers import ticket_of
from adapter.inbound.amqp.queue_consumer import QueueHealth
from adapter.inbound.amqp.reply_to import Address, ReplyToRules
from adapter.inbound.amqp.settings import AmqpFaceSettings, ConsumerSettings
from adapter.inbound.amqp.translate import read_payload
from adapter.operator_errors import ConfigurationError
from adapter.outbound.amqp.relay import Relay, RelaySettings
from adapter.outbound.metrics import Metrics
from adapter.outbound.sql.store import SqlJobStore
from adapter.outbound.system_clock import SystemClock
from adapter.outbound.traces.publisher import TracedPublisher
from adapter.ports import NO_TRACER, Tracer
from adapter.secret import reveal
from adapter.service.clients import Clients
from adapter.service.deliveries import Deliveries
from adapter.service.holding import TICKET_AT_RETURNS, QueueSettings
from adapter.service.lost_messages import LostMessages, LostSettings
from adapter.service.refusals import Refusals
from adapter.service.routing import Routing
from adapter.settings import Amqp, Limits
from adapter.tasks.catalogue import Catalogue

log = structlog.get_logger()

_LOOK_SECONDS = 0.02


class BrokerRefused(BrokerError):
    """The broker is there, but does not let us work; the message says what to do and who owns it."""


class BrokerSide:
    """Everything that talks to RabbitMQ. Built in two steps: the relay before the core, the consumers after it."""

    def __init__(
        self,
        amqp: Amqp,
        limits: Limits,
        catalogue: Catalogue,
        metrics: Metrics,
        store: SqlJobStore,
        tracer: Tracer = NO_TRACER,
    ) -> None:
        self.amqp = amqp
        self._limits = limits
        self._metrics = metrics
        self._tracer = tracer
        self.topology = Topology(amqp.prefix, catalogue.names())
        self._link_settings = link_settings(amqp)
        self.consume_link = Link(self._link_settings, "consume", setup=self._set_up_topology, on_event=self._on_event)
        self.publish_link = Link(self._link_settings, "publish", on_event=self._on_event)
        self._replies_link = Link(self._link_settings, "replies", on_event=self._on_event)
        self.publisher = DividedPublisher(
            self._publisher_over(self.publish_link), self._publisher_over(self._replies_link), self._replies_link
        )
        self.relay = Relay(
            store,
            self.publisher if tracer is NO_TRACER else TracedPublisher(self.publisher, tracer),
            metrics,
            SystemClock(),
            RelaySettings(poll_seconds=amqp.relay_poll_seconds, unroutable_wait_seconds=amqp.unroutable_wait_seconds),
        )
        self.routing = Routing(
            requests_exchange=self.topology.requests_exchange, results_exchange=self.topology.results_exchange
        )
        self.consumers: Consumers | None = None

    def _publisher_over(self, link: Link) -> BrokerPublisher:
        return BrokerPublisher(link, confirm_timeout_seconds=self.amqp.confirm_seconds, on_event=self._on_event)

    def check_reply_to(self, route: Route) -> None:
        """Raise ReplyToRefused unless the address is allowed."""
        rules = ReplyToRules(self.amqp.reply_to_allow, self.topology.own_names(), f"{self.amqp.prefix}.requests.")
        rules.check(Address(route.exchange, route.routing_key))

    def payload_of(self, message: ReceivedMessage) -> Payload | None:
        """Read the payload of a parked message; None for a ticket, and for what cannot be read."""
        if ticket_of(message):
            return None
        try:
            return read_payload(message.body, message.properties, self._limits.payload_bytes)
        except AdapterError:
            return None

    def serve(self, core: Core, clients: Clients) -> None:
        """Build the consumers over the core."""
        refusals = Refusals(
            store=core.store, worker=core.worker, routing=self.routing, clock=core.clock, observer=core.metrics
        )
        deliveries = Deliveries(
            admission=core.admission,
            worker=core.worker,
            runs=core.runs,
            submissions=core.submissions,
            refusals=refusals,
            routing=self.routing,
            clock=core.clock,
            observer=core.metrics,
            settings=QueueSettings(self.amqp.hold_seconds, self.amqp.longest_hold_seconds),
        )
        self.consumers = consumers_of(
            self.consume_link,
            self.topology,
            deliveries,
            clock=core.clock,
            face=self._face(clients),
            settings=ConsumerSettings(
                max_held=self.amqp.max_held,
                max_held_bytes=self.amqp.max_held_bytes,
                unrouted_releases=self.amqp.unknown_task_releases,
                pause_after_seconds=self.amqp.hold_seconds,
                worn_at=TICKET_AT_RETURNS,
            ),
            on_event=self._on_event,
            tracer=self._tracer,
            prober=self.publisher,
        )

    def lost_messages(self, core: Core) -> LostMessages:
        """What ends jobs whose message is gone."""
        lost_after = self.amqp.lost_after_seconds
        return LostMessages(
            store=core.store,
            unclaimed=core.store.unclaimed,
            queues=RequestQueuesAtBroker(self.consume_link, self.topology),
            worker=core.worker,
            clock=core.clock,
            observer=core.metrics,
            settings=LostSettings(lost_after, min(30.0, max(0.2, lost_after / 10))),
        )

    def _face(self, clients: Clients) -> AmqpFaceSettings:
        return AmqpFaceSettings(
            requests_queue_prefix=f"{self.amqp.prefix}.requests.",
            results_exchange=self.topology.results_exchange,
            own_names=self.topology.own_names(),
            payload_bytes=self._limits.payload_bytes,
            missing_message_id=self.amqp.missing_message_id,
            reply_to_allow=self.amqp.reply_to_allow,
            client_of=clients.name_of_amqp_user,
        )

    async def run(self) -> None:
        """Keep links, relay and consumers going until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.consume_link.run(), name="consume link")
            group.create_task(self.publish_link.run(), name="publish link")
            group.create_task(self.publisher.run(), name="replies link")
            group.create_task(self.relay.run(), name="relay")
            if self.consumers is not None:
                group.create_task(self.consumers.run(), name="consumers")

    async def wait_consuming(self, seconds: float) -> None:
        """Wait until every queue is consumed; a broker that is merely away is told of, and waited for beside.

        Raises BrokerRefused when it takes a person: credentials, rights, or a topology that is not as it must be.
        """
        try:
            async with asyncio.timeout(seconds):
                while not self._is_consuming():
                    if self.consume_link.state is LinkState.FAILED:
                        raise BrokerRefused(self.consume_link.problem)
                    await asyncio.sleep(_LOOK_SECONDS)
        except TimeoutError:
            log.warning("broker_not_ready", waited_seconds=seconds, **self.states())

    def _is_consuming(self) -> bool:
        queues = self.consumers.health() if self.consumers else ()
        return self.consume_link.state is LinkState.OPEN and all(queue.is_consuming for queue in queues)

    async def _set_up_topology(self, link: Link) -> None:
        if self.amqp.topology == "declare":
            await declare(link, self.topology)
            return
        problems = await verify(link, self.topology)
        if problems:
            raise SetupFailed("; ".join(str(problem) for problem in problems))

    def states(self) -> Mapping[str, str]:
        """Links and queues, for people."""
        states = {f"broker.{link.role}": link.problem or link.state.value for link in self._links()}
        if self.consumers is not None:
            for health in self.consumers.health():
                states[f"queue.{health.queue}"] = _said_of(health)
        return states

    def measure(self) -> None:
        """Set the metrics of links and queues to how they stand."""
        for link in self._links():
            self._metrics.link_state(link.role, is_open=link.state is LinkState.OPEN)
        for health in self.consumers.health() if self.consumers else ():
            self._metrics.queue_state(health.queue, is_up=health.is_proven)

    def _links(self) -> tuple[Link, ...]:
        links = self.consume_link, self.publish_link
        return (*links, self._replies_link) if self.publisher.has_replies else links

    def _on_event(self, name: str, fields: Mapping[str, EventField]) -> None:
        self._metrics.broker_event(name)
        log.log(logging.WARNING if fields.get("action") == CloseAction.NEEDS_PERSON else logging.INFO, name, **fields)


def _said_of(health: QueueHealth) -> str:
    """Say how a queue is served; "consuming" once a message came, be it one of ours that only proves it."""
    if health.is_paused:
        return "paused"
    if health.is_proven:
        return "consuming"
    return "consuming, and nothing came yet" if health.is_consuming else health.problem or "not consuming"


def link_settings(amqp: Amqp) -> LinkSettings:
    """How the broker is reached. Raises SecretMissing, ConfigurationError when amqp.tls cannot be used."""
    urls = [reveal(url) for url in amqp.urls]
    if amqp.tls is None:
        return LinkSettings(urls, heartbeat_seconds=amqp.heartbeat_seconds)
    if not all(url.startswith("amqps://") for url in urls):
        raise ConfigurationError("amqp.tls is set, but not every one of amqp.urls begins with amqps://. Correct them.")
    tls = partial(client_context, amqp.tls.ca, amqp.tls.certificate, amqp.tls.key)
    tls()
    return LinkSettings(urls, tls, external=amqp.tls.external, heartbeat_seconds=amqp.heartbeat_seconds)


async def topology_problems(amqp: Amqp, catalogue: Catalogue, *, wait_seconds: float = 10.0) -> list[str]:
    """Connect, in one attempt, and compare the broker's objects with ours. Raises BrokerError if there is no way in."""
    attempted = asyncio.Event()
    link = Link(link_settings(amqp), "doctor", on_event=lambda _name, _fields: attempted.set())
    running = asyncio.create_task(link.run(), name="doctor link")
    try:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(attempted.wait(), wait_seconds)
        await link.wait_open(0)
        return [str(problem) for problem in await verify(link, Topology(amqp.prefix, catalogue.names()))]
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
