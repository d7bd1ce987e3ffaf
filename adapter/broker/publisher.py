"""Publishing with pipelined confirms: the Publisher port over one link."""

from adapter.broker.events import EventHook, ignore_event
from adapter.broker.link import Link
from adapter.domain.message import OutgoingMessage, PublishOutcome


class BrokerPublisher:
    """Sends messages over a link of role "publish"; fails fast when it is down or blocked. Opens its channel itself."""

    def __init__(
        self,
        link: Link,
        *,
        window: int = 500,
        slot_timeout_seconds: float = 5.0,
        confirm_timeout_seconds: float = 30.0,
        max_body_bytes: int = 16 * 1024 * 1024,
        on_event: EventHook = ignore_event,
    ) -> None:
        """At most `window` messages are unconfirmed; waiting for a slot is bounded by slot_timeout_seconds."""
        raise NotImplementedError

    async def publish(self, message: OutgoingMessage) -> PublishOutcome:
        """Publish and wait for the confirm. Never raises for the link's troubles."""
        raise NotImplementedError

    async def close(self, timeout_seconds: float = 5.0) -> None:
        """Wait for the confirms still out, then close the channel."""
        raise NotImplementedError
