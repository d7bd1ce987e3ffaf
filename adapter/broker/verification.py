"""Proof that the broker's objects are there and wired as we need them.

Where other replicas consume, they may take a probe first. That does no harm: a probe is a copy in fanout exchanges,
so a private queue bound beside theirs sees it all the same; and a consumer of a request queue rejects it, which
dead-letters it as its expiry would have done.
"""

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from adapter.broker import render
from adapter.broker.channel import Channel, Settle
from adapter.broker.errors import ChannelLost
from adapter.broker.link import Link
from adapter.broker.probes import PROBE_HEADER, new_probe
from adapter.broker.publisher import BrokerPublisher
from adapter.broker.wiring import Topology
from adapter.domain.message import OutgoingMessage, PublishStatus, ReceivedMessage

_STRAY_EXPIRATION_MILLISECONDS = 60_000
_NOT_FOUND = 404


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, and the command that puts it right."""

    message: str
    command: str
    is_certain: bool = True
    """False: it could not be proven either way, for the reason in the message."""

    def __str__(self) -> str:
        """Message and command."""
        return f"{self.message} Run: {self.command}"


async def find_missing(link: Link, topology: Topology) -> list[Problem]:
    """Ask for every object by passive declares. Each failure closes the channel, so each gets a fresh one."""
    problems = []
    wanted = [("exchange", each.name) for each in topology.exchanges()]
    wanted += [("queue", each.name) for each in topology.queues()]
    channel: Channel | None = None
    for kind, name in wanted:
        try:
            if channel is None or not channel.is_open:
                channel = await link.open_channel()
            if kind == "exchange":
                await channel.declare_exchange(name, passive=True)
            else:
                await channel.declare_queue(name, passive=True)
        except ChannelLost as lost:
            problems.append(_absent(link, topology, kind, name, lost))
    if channel is not None:
        await channel.close()
    return problems


def _absent(link: Link, topology: Topology, kind: str, name: str, lost: ChannelLost) -> Problem:
    if lost.reason.code == _NOT_FOUND:
        return Problem(f"The {kind} {name} does not exist.", render.import_pipe(link.vhost))
    command = render.verify_permissions_command(topology, link.vhost, link.user)
    return Problem(f"The {kind} {name} cannot be looked at: {lost.reason}", command)


async def probe(link: Link, topology: Topology, *, timeout_seconds: float) -> list[Problem]:
    """Send probes through the wiring and look where they come out."""
    publisher = BrokerPublisher(link, confirm_timeout_seconds=timeout_seconds)
    prover = _Prover(link, topology, publisher, timeout_seconds)
    try:
        return await prover.prove_bound() or await prover.prove_wired()
    finally:
        await publisher.close()


class _Watch:
    """Private queues beside ours that see which probes come by."""

    def __init__(self) -> None:
        self.changed = asyncio.Event()
        self._seen: dict[str, set[str]] = {}

    async def open(self, channel: Channel, topology: Topology, exchange: str) -> None:
        """Watch a fanout exchange. Raises ChannelLost (403 without the rights)."""
        queue = f"{topology.prefix}.probe.{uuid.uuid4().hex}"
        seen = self._seen[exchange] = set()

        def on_delivery(tag: int, message: ReceivedMessage) -> None:
            channel.settle(tag, Settle.ACK)
            seen.add(str(message.properties.headers.get(PROBE_HEADER)))
            self.changed.set()

        await channel.declare_queue(queue, private=True)
        await channel.bind(queue, exchange, "")
        await channel.consume(queue, on_delivery, self.changed.set)

    def saw(self, exchange: str, sent: OutgoingMessage) -> bool:
        """Tell whether a probe came by that exchange."""
        return sent.properties.headers[PROBE_HEADER] in self._seen[exchange]


class _Prover:
    """One round of probes."""

    def __init__(self, link: Link, topology: Topology, publisher: BrokerPublisher, timeout_seconds: float) -> None:
        self._link = link
        self._topology = topology
        self._publisher = publisher
        self._timeout_seconds = timeout_seconds
        self._rights = render.verify_permissions_command(topology, link.vhost, link.user)

    async def prove_bound(self) -> list[Problem]:
        """Prove, before any queue of ours watches, that a queue takes what nobody routes and what is dead-lettered."""
        names = self._topology
        unbound = render.import_pipe(self._link.vhost)
        checks = (
            (names.unrouted_exchange, "", f"Nothing is bound to {names.unrouted_exchange}.", unbound),
            (names.dead_letter_exchange, "", f"Nothing is bound to {names.dead_letter_exchange}.", unbound),
            (
                names.requests_exchange,
                f"probe-{uuid.uuid4().hex}",
                f"{names.requests_exchange} has no alternate exchange: a request for an unknown task is lost.",
                render.alternate_exchange_command(names, self._link.vhost),
            ),
        )
        problems = []
        for exchange, routing_key, message, command in checks:
            stray = new_probe(exchange, routing_key, expiration_milliseconds=_STRAY_EXPIRATION_MILLISECONDS)
            outcome = await self._publisher.publish(stray)
            if outcome.status is PublishStatus.UNROUTABLE:
                problems.append(Problem(message, command))
            elif outcome.status is not PublishStatus.CONFIRMED:
                problems.append(self._not_published(exchange, outcome.status, outcome.detail))
        return problems

    async def prove_wired(self) -> list[Problem]:
        """Prove where unrouted requests and expired ones come out."""
        names = self._topology
        watch = _Watch()
        channel = await self._link.open_channel()
        try:
            await watch.open(channel, names, names.unrouted_exchange)
            await watch.open(channel, names, names.dead_letter_exchange)
        except ChannelLost as lost:
            return [Problem(f"Probes cannot be watched, so nothing is proven: {lost.reason}", self._rights)]
        try:
            return await self._send_and_look(watch)
        finally:
            await channel.close()

    async def _send_and_look(self, watch: _Watch) -> list[Problem]:
        names = self._topology
        random_key = f"probe-{uuid.uuid4().hex}"
        unrouted = new_probe(
            names.requests_exchange, random_key, expiration_milliseconds=_STRAY_EXPIRATION_MILLISECONDS
        )
        expired = {
            (task, key): new_probe(names.requests_exchange, key, expiration_milliseconds=1)
            for task in names.tasks
            for key in (task, f"{task}.v0")
        }
        problems = []
        for sent in (unrouted, *expired.values()):
            outcome = await self._publisher.publish(sent)
            if outcome.status is not PublishStatus.CONFIRMED:
                problems.append(self._not_published(names.requests_exchange, outcome.status, outcome.detail))
        if problems:
            return problems
        await self._wait(watch, unrouted, tuple(expired.values()))
        if not watch.saw(names.unrouted_exchange, unrouted):
            text = f"The alternate exchange of {names.requests_exchange} is not {names.unrouted_exchange}."
            problems.append(Problem(text, render.alternate_exchange_command(names, self._link.vhost)))
        for (task, key), sent in expired.items():
            if not watch.saw(names.dead_letter_exchange, sent):
                problems.append(await self._explain(watch, task, key, sent))
        return problems

    async def _wait(self, watch: _Watch, unrouted: OutgoingMessage, expired: Sequence[OutgoingMessage]) -> None:
        """Wait until every probe came out where it should, or somewhere else, or the time is over."""
        names = self._topology

        def all_seen() -> bool:
            return watch.saw(names.unrouted_exchange, unrouted) and all(
                watch.saw(names.dead_letter_exchange, sent) or watch.saw(names.unrouted_exchange, sent)
                for sent in expired
            )

        try:
            async with asyncio.timeout(self._timeout_seconds):
                while not all_seen():
                    watch.changed.clear()
                    await watch.changed.wait()
        except TimeoutError:
            return

    async def _explain(self, watch: _Watch, task: str, key: str, sent: OutgoingMessage) -> Problem:
        """Say why an expired probe did not reach the dead letters."""
        names = self._topology
        queue = names.request_queue(task)
        if watch.saw(names.unrouted_exchange, sent):
            text = f"{queue} is not bound to {names.requests_exchange} by a key that matches {key}."
            return Problem(text, render.import_pipe(self._link.vhost))
        command = render.dead_letter_command(names, self._link.vhost)
        waiting = await self._waiting_in(queue)
        if waiting > 0:
            text = f"{queue}: {waiting} messages wait before the probe, so its dead letters are not proven yet."
            return Problem(text, command, is_certain=False)
        text = f"{queue} does not dead-letter to {names.dead_letter_exchange}: expired and failed requests are lost."
        return Problem(text, command)

    async def _waiting_in(self, queue: str) -> int:
        channel = await self._link.open_channel()
        try:
            return await channel.declare_queue(queue, passive=True)
        finally:
            await channel.close()

    def _not_published(self, exchange: str, status: PublishStatus, detail: str) -> Problem:
        text = f"A probe could not be published to {exchange} ({status.value}): {detail}"
        return Problem(text, self._rights, is_certain=status is PublishStatus.REFUSED)
