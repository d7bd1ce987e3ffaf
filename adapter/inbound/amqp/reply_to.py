"""reply_to: which address it means, and whether we answer there."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from adapter.errors import ReplyToRefused
from adapter.inbound.amqp.direct_reply_to import is_direct, is_genuine

# Queues that monoliths name for replies, such as crm.replies or crm.replies.node-7.
DEFAULT_ALLOWED_QUEUE = r"^[^.]+\.replies(\..+)?$"


@dataclass(frozen=True, slots=True)
class Address:
    """Exchange "" = the default exchange, whose routing keys are queue names."""

    exchange: str
    routing_key: str

    def __str__(self) -> str:
        """As a request writes it."""
        return f"{self.exchange}/{self.routing_key}" if self.exchange else self.routing_key

    @property
    def is_direct(self) -> bool:
        """True for direct reply-to, where the broker cannot tell whether the requester is still there."""
        return not self.exchange and is_direct(self.routing_key)


def parse_reply_to(value: str) -> Address:
    """Read a queue name, `exchange/routing-key`, or a direct reply-to, which may itself hold slashes."""
    if "/" not in value or is_direct(value):
        return Address("", value)
    exchange, _, routing_key = value.partition("/")
    return Address(exchange, routing_key)


class ReplyToRules:
    """The allow-list."""

    def __init__(self, allow: Sequence[str], own_names: frozenset[str], own_queue_prefix: str) -> None:
        """`allow` are regular expressions for whole addresses, beside the default."""
        self._allow = [re.compile(pattern) for pattern in allow]
        self._default = re.compile(DEFAULT_ALLOWED_QUEUE)
        self._own_names = own_names
        self._own_queue_prefix = own_queue_prefix

    def check(self, address: Address) -> None:
        """Raise ReplyToRefused unless the address is allowed."""
        if self._is_own(address):
            raise ReplyToRefused(
                f"The reply address {str(address)[:120]!r} is an exchange or queue of the adapter itself. "
                "Name a queue of your own.",
                metadata={"field": "reply_to"},
            )
        if not self._is_allowed(address):
            raise ReplyToRefused(
                f"The reply address {str(address)[:120]!r} is not allowed. Use a queue that amqp.reply_to_allow "
                "permits (by default <name>.replies or <name>.replies.<more>), or have it added there.",
                metadata={"field": "reply_to"},
            )

    def _is_own(self, address: Address) -> bool:
        target = address.exchange or address.routing_key
        return target in self._own_names or (not address.exchange and target.startswith(self._own_queue_prefix))

    def _is_allowed(self, address: Address) -> bool:
        if not address.routing_key:
            return False
        if address.is_direct:
            return is_genuine(address.routing_key)
        if not address.exchange and self._default.fullmatch(address.routing_key):
            return True
        return any(pattern.fullmatch(str(address)) for pattern in self._allow)
