"""Steps that several broker tests take."""

from typing import Any

from adapter.broker.link import Link

QUORUM = {"x-queue-type": "quorum"}


async def declare_queue(link: Link, name: str, **arguments: Any) -> None:
    """Declare a quorum queue."""
    channel = await link.open_channel()
    await channel.declare_queue(name, arguments=QUORUM | arguments)
    await channel.close()


async def delete_queue(link: Link, name: str) -> None:
    """Delete a queue."""
    channel = await link.open_channel()
    await channel.delete_queue(name)
    await channel.close()
