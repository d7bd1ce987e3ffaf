"""Making the broker's objects, and proving that they are what we need."""

from adapter.broker.link import Link
from adapter.broker.verification import Problem, find_missing, probe
from adapter.broker.wiring import Binding, Exchange, Queue, Topology

__all__ = ["Binding", "Exchange", "Problem", "Queue", "Topology", "declare", "verify"]


async def declare(link: Link, topology: Topology) -> None:
    """Declare and bind everything; what is there already must be the same. Raises ChannelLost (406 if it is not).

    Raised from a link's setup, that puts the link in state FAILED with the broker's words and what to do.
    """
    channel = await link.open_channel()
    try:
        for exchange in topology.exchanges():
            await channel.declare_exchange(exchange.name, exchange.kind, arguments=exchange.arguments)
        for queue in topology.queues():
            await channel.declare_queue(queue.name, arguments=queue.arguments)
        for binding in topology.bindings():
            await channel.bind(binding.queue, binding.exchange, binding.routing_key)
    finally:
        await channel.close()


async def verify(
    link: Link, topology: Topology, *, timeout_seconds: float = 10.0, with_unproven: bool = False
) -> list[Problem]:
    """Return what is wrong with the broker's objects, each with the command that helps; empty = nothing is.

    Passive declares show what is missing; they cannot see arguments, so marked probes then prove them. Needs the
    rights that `render` prints as permissions, and works beside running replicas. A backlog before a probe leaves
    that queue's dead letters unproven, which must not keep anybody from working the backlog off: those come only
    `with_unproven`. Raises BrokerError if the link goes.
    """
    missing = await find_missing(link, topology)
    problems = missing or await probe(link, topology, timeout_seconds=timeout_seconds)
    return [problem for problem in problems if problem.is_certain or with_unproven]
