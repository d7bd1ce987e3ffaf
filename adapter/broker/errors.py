"""What can go wrong between us and the broker; none of it leaves the faces.

BrokerError
├── BadPropertyError      a property that AMQP cannot carry
├── LinkDown              no open connection now
├── ChannelLost           the channel or its connection closed while we used it; has the CloseReason
├── BrokerTimeout         the broker did not answer in time; the channel was given up
├── SetupFailed           the broker is not as we need it, and a person has to change that
└── SubscriptionEnded     the subscription was drained: there is nothing more to get
"""

from adapter.broker.closes import CloseReason
from adapter.operator_errors import UnreachableError


class BrokerError(UnreachableError):
    """Something between us and the broker failed."""


class BadPropertyError(BrokerError):
    """A property or header cannot be sent as it is; the message names it, never its value."""


class LinkDown(BrokerError):
    """There is no open connection to the broker; the message says why."""


class ChannelLost(BrokerError):
    """The channel closed, by itself or with its connection."""

    def __init__(self, reason: CloseReason) -> None:
        """Keep the reason for whoever decides what to do."""
        super().__init__(str(reason))
        self.reason = reason


class BrokerTimeout(BrokerError):
    """The broker did not answer a request in time; the channel was given up."""


class SetupFailed(BrokerError):
    """The broker's topology or rights are not what we need; the message holds the commands that help."""


class SubscriptionEnded(BrokerError):
    """The subscription was drained; nothing more comes."""
