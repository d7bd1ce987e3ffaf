"""One supervised TCP connection to the broker, with a role: connect, set up, hold, and start over, forever."""

import asyncio
import logging
import random
import ssl
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import pika

from adapter.broker.backoff import Backoff
from adapter.broker.channel import Channel
from adapter.broker.close_rules import CloseAction, CloseRule, rule_of, setup_rule_of
from adapter.broker.closes import CloseReason
from adapter.broker.connection import OpenConnection, connect, parameters_of, use_tls
from adapter.broker.errors import BrokerTimeout, ChannelLost, LinkDown, SetupFailed
from adapter.broker.events import EventHook, Events, ignore_event
from adapter.broker.tls import client_context

_LOG = logging.getLogger(__name__)


class LinkState(StrEnum):
    """Where a link stands."""

    CONNECTING = "connecting"
    OPEN = "open"
    BLOCKED = "blocked"
    """The broker takes no publishes now (memory or disk alarm); consuming goes on."""
    BACKOFF = "backoff"
    CLOSED = "closed"
    FAILED = "failed"
    """Needs a person: credentials, vhost, rights, or a topology that differs. Tried again, slowly."""


_UP = frozenset({LinkState.OPEN, LinkState.BLOCKED})


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """Addresses and times of a link; all links of a process share one."""

    urls: Sequence[str] = field(repr=False)
    tls: Callable[[], ssl.SSLContext] = client_context
    """For amqps:// URLs, asked for each new connection; by default the machine's authorities are trusted."""
    external: bool = False
    """Log in with the certificate (SASL EXTERNAL)."""
    heartbeat_seconds: int = 15
    connect_timeout_seconds: float = 15.0
    rpc_timeout_seconds: float = 10.0
    close_timeout_seconds: float = 3.0
    first_backoff_seconds: float = 0.5
    max_backoff_seconds: float = 30.0
    healthy_after_seconds: float = 60.0
    failed_retry_seconds: float = 60.0


class Link:
    """One connection with a role ("consume" or "publish"). Cancelling `run` closes it cleanly.

    Nothing is recorded and replayed: on every new connection `setup` runs again, and whoever uses the link opens
    new channels. Close subscriptions and publishers before the link, so that the broker hears what they still say.
    """

    def __init__(
        self,
        settings: LinkSettings,
        role: str,
        *,
        setup: "Callable[[Link], Awaitable[None]] | None" = None,
        on_event: EventHook = ignore_event,
    ) -> None:
        """`setup` runs on every new connection before the link is OPEN (topology). Raises ValueError for a bad URL."""
        if not settings.urls:
            raise ValueError("No broker URL is given.")
        self.settings = settings
        self.role = role
        self.state = LinkState.CLOSED
        self.generation = 0
        """Counts the connections; 0 = there was none yet."""
        self.problem = "The link to the broker is not started."
        """Why it is not open, and what to do about it; "" when open."""
        self.events = Events(on_event, role=role)
        self._parameters = tuple(self._parse(url) for url in settings.urls)
        self._setup = setup
        self._backoff = Backoff(settings.first_backoff_seconds, settings.max_backoff_seconds)
        self._connection: OpenConnection | None = None
        self._was_tried = False
        self._changed = asyncio.Event()

    @property
    def is_open(self) -> bool:
        """True when channels can be used, also while publishes are blocked."""
        return self.state in _UP and self._connection is not None and self._connection.is_open

    @property
    def takes_publishes(self) -> bool:
        """True when there is a connection that is not blocked; during setup, too."""
        connection = self._connection
        return connection is not None and connection.is_open and self.state is not LinkState.BLOCKED

    @property
    def vhost(self) -> str:
        """The vhost of the first URL."""
        return self._parameters[0].virtual_host

    @property
    def user(self) -> str:
        """The user of the first URL."""
        credentials = self._parameters[0].credentials
        return str(getattr(credentials, "username", ""))

    async def run(self) -> None:
        """Keep the link open forever; never returns but by cancellation."""
        try:
            while True:
                rule = await self._live_once()
                await self._wait_after(rule)
        finally:
            self._move(LinkState.CLOSED, "The link to the broker is stopped.")

    async def wait_open(self, timeout_seconds: float | None = None) -> None:
        """Wait until it is open. Raises LinkDown, with the problem, when the time has passed."""
        try:
            async with asyncio.timeout(timeout_seconds):
                while not self.is_open:
                    await self._changed.wait()
        except TimeoutError:
            raise LinkDown(self.problem or "The link is not open.") from None

    async def open_channel(self) -> Channel:
        """Open a channel on the connection of now. Raises LinkDown, ChannelLost, BrokerTimeout."""
        connection = self._connection
        if connection is None or not connection.is_open:
            raise LinkDown(self.problem or "There is no connection to the broker at the moment.")
        channel = Channel(
            connection,
            generation=self.generation,
            rpc_timeout_seconds=self.settings.rpc_timeout_seconds,
            events=self.events,
        )
        await channel.open()
        return channel

    # --- one life ------------------------------------------------------------------------------------

    async def _live_once(self) -> CloseRule:
        """Connect, set up and hold until the connection ends; return what its end means."""
        self._move(LinkState.CONNECTING, self.problem if self._was_tried else "Connecting to the broker.")
        self._was_tried = True
        try:
            connection = self._connection = await self._connect()
        except ChannelLost as lost:
            return self._ended(lost.reason, rule_of(lost.reason))
        try:
            self.generation += 1
            rule = await self._run_setup()
            if rule is not None:
                return rule
            return await self._hold(connection)
        finally:
            self._connection = None
            await connection.close(self.settings.close_timeout_seconds)

    async def _connect(self) -> OpenConnection:
        """Try every URL once, in random order. Raises one's ChannelLost; a refusal only if all of them refuse."""
        refusals: list[ChannelLost] = []
        for parameters in random.sample(self._parameters, len(self._parameters)):
            try:
                use_tls(parameters, self.settings.tls)
                return await connect(parameters, on_blocked=self._on_blocked)
            except ChannelLost as lost:
                refusals.append(lost)
        refusals.sort(key=lambda lost: rule_of(lost.reason).action is CloseAction.NEEDS_PERSON)
        raise refusals[0]

    async def _run_setup(self) -> CloseRule | None:
        """Run the setup; a rule if the link cannot be used."""
        try:
            if self._setup is not None:
                await self._setup(self)
        except ChannelLost as lost:
            return self._ended(lost.reason, setup_rule_of(lost.reason))
        except (BrokerTimeout, LinkDown) as error:
            self._move(LinkState.BACKOFF, str(error))
            return CloseRule(CloseAction.RECONNECT, "setup_failed")
        except SetupFailed as error:
            self._failed(str(error))
            return CloseRule(CloseAction.NEEDS_PERSON, "setup_failed")
        except Exception as error:  # noqa: BLE001 - a bug in a setup must show in the state, not end the service
            _LOG.exception("link_setup_crashed")
            self._failed(f"Setting up the broker crashed ({type(error).__name__}); the log has the details.")
            return CloseRule(CloseAction.NEEDS_PERSON, "setup_failed")
        return None

    async def _hold(self, connection: OpenConnection) -> CloseRule:
        """Be open until the connection closes."""
        loop = asyncio.get_running_loop()
        opened_at = loop.time()
        if connection.is_open:
            self._move(LinkState.OPEN, "")
            self.events.emit("link_open", generation=self.generation)
        reason = await asyncio.shield(connection.closed)
        if loop.time() - opened_at >= self.settings.healthy_after_seconds:
            self._backoff.reset()
        return self._ended(reason, rule_of(reason))

    async def _wait_after(self, rule: CloseRule) -> None:
        if rule.action is CloseAction.NEEDS_PERSON:
            await asyncio.sleep(self.settings.failed_retry_seconds * random.uniform(0.8, 1.2))  # noqa: S311 - jitter
            return
        await asyncio.sleep(self._backoff.next_seconds())

    # --- state ---------------------------------------------------------------------------------------

    def _ended(self, reason: CloseReason, rule: CloseRule) -> CloseRule:
        problem = rule.told(reason)
        if rule.action is CloseAction.NEEDS_PERSON:
            self._failed(problem)
        else:
            self._move(LinkState.BACKOFF, problem)
        self.events.emit(rule.event, action=rule.action.value, code=reason.code, cut=reason.cut or "", problem=problem)
        return rule

    def _failed(self, problem: str) -> None:
        if self.problem != problem:
            self.events.emit("link_needs_person", action=CloseAction.NEEDS_PERSON.value, problem=problem)
        self._move(LinkState.FAILED, problem)

    def _on_blocked(self, is_blocked: bool) -> None:  # noqa: FBT001 - the signature of connect()
        if is_blocked and self.state is LinkState.OPEN:
            self._move(LinkState.BLOCKED, "The broker takes no publishes: a memory or disk alarm is on.")
            self.events.emit("link_blocked")
        elif not is_blocked and self.state is LinkState.BLOCKED:
            self._move(LinkState.OPEN, "")
            self.events.emit("link_unblocked")

    def _move(self, state: LinkState, problem: str) -> None:
        self.problem = problem
        if state is self.state:
            return
        self.state = state
        self._changed.set()
        self._changed = asyncio.Event()

    def _parse(self, url: str) -> pika.URLParameters:
        return parameters_of(
            url,
            name=f"llm-adapter {self.role}",
            heartbeat_seconds=self.settings.heartbeat_seconds,
            timeout_seconds=self.settings.connect_timeout_seconds,
            external=self.settings.external,
        )
