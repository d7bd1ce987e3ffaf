"""Looks into the queues from which a request can come."""

from adapter.broker.errors import BrokerError
from adapter.broker.link import Link
from adapter.broker.wiring import Topology


class RequestQueuesAtBroker:
    """Implements ports.RequestQueues by asking the broker how many messages are ready."""

    def __init__(self, link: Link, topology: Topology) -> None:
        self._link = link
        self._topology = topology

    async def are_empty(self, task: str) -> bool:
        """Ask for the task's queue, the unrouted requests and the dead letters."""
        topology = self._topology
        if task not in topology.tasks:
            return False
        names = (topology.request_queue(task), topology.unrouted_queue, topology.dead_letter_queue)
        try:
            channel = await self._link.open_channel()
            try:
                return sum([await channel.declare_queue(name, passive=True) for name in names]) == 0
            finally:
                await channel.close()
        except BrokerError:
            return False
