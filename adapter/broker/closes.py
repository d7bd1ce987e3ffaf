"""Why connections and channels close: what pika says, translated. What follows from it is in close_rules."""

import re
import ssl
from dataclasses import dataclass
from enum import StrEnum

from pika import exceptions
from pika.adapters.utils import connection_workflow


class Cut(StrEnum):
    """Closes without an AMQP code."""

    NETWORK = "network"
    HEARTBEAT = "heartbeat"
    UNREACHABLE = "unreachable"
    CREDENTIALS = "credentials"
    CERTIFICATE = "certificate"
    PROTOCOL = "protocol"
    CONSUMER = "consumer"
    """The broker ended our consumer (basic.cancel); the channel is open still, and is given up."""
    SILENT = "silent"
    """The consumer got nothing, though its queue took what was sent to it; the channel is given up."""
    OURS = "ours"


class Scope(StrEnum):
    """What closed."""

    CONNECTION = "connection"
    CHANNEL = "channel"


@dataclass(frozen=True, slots=True)
class CloseReason:
    """Why it closed: an AMQP reply code (0 = none) or a cut, and the words for it."""

    code: int
    cut: Cut | None
    text: str
    scope: Scope

    def __str__(self) -> str:
        """Code and text."""
        return f"{self.code} {self.text}" if self.code else self.text


def reason_of(error: BaseException | None, scope: Scope) -> CloseReason:
    """Translate pika's word for a close. A channel that went with its connection has scope CONNECTION."""
    if isinstance(error, exceptions.ChannelClosed):
        cut = Cut.OURS if isinstance(error, exceptions.ChannelClosedByClient) else None
        return CloseReason(error.reply_code, cut, error.reply_text, Scope.CHANNEL)
    if isinstance(error, exceptions.ConnectionClosed):
        cut = Cut.OURS if isinstance(error, exceptions.ConnectionClosedByClient) else None
        return CloseReason(error.reply_code, cut, error.reply_text, Scope.CONNECTION)
    inner = _innermost(error)
    if inner is not error and isinstance(inner, exceptions.ConnectionClosed):
        return reason_of(inner, scope)
    told = _BROKER_SAID.search(str(inner)) if isinstance(inner, _PROBABLY) else None
    if told is not None:
        return CloseReason(int(told["code"]), None, told["text"], Scope.CONNECTION)
    return CloseReason(0, _cut_of(inner), _words(inner), Scope.CONNECTION)


def _innermost(error: BaseException | None) -> BaseException | None:
    """Unwrap pika's connection workflow down to what really happened last."""
    while True:
        if isinstance(error, connection_workflow.AMQPConnectionWorkflowFailed):
            error = error.exceptions[-1]
        elif isinstance(error, connection_workflow.AMQPConnectorPhaseErrorBase):
            error = error.exception
        elif isinstance(error, exceptions.AMQPConnectionError) and error.args and isinstance(error.args[0], Exception):
            error = error.args[0]
        else:
            return error


# pika guesses from the moment of a close what it was, and calls a broker that goes down while we log in an
# authentication error. What the broker itself said is in the text, and decides.
_PROBABLY = (exceptions.ProbableAuthenticationError, exceptions.ProbableAccessDeniedError)
_BROKER_SAID = re.compile(r"ConnectionClosedByBroker: \((?P<code>\d+)\) ['\"](?P<text>.*)['\"]")

# Most specific first; a test enumerates pika's exceptions.
_CUTS: tuple[tuple[type[BaseException], Cut], ...] = (
    (exceptions.AuthenticationError, Cut.CREDENTIALS),
    (exceptions.ProtocolVersionMismatch, Cut.PROTOCOL),
    (exceptions.IncompatibleProtocolError, Cut.UNREACHABLE),
    (exceptions.ProbableAuthenticationError, Cut.UNREACHABLE),
    (exceptions.ProbableAccessDeniedError, Cut.UNREACHABLE),
    (exceptions.ConnectionOpenAborted, Cut.UNREACHABLE),
    (exceptions.AMQPHeartbeatTimeout, Cut.HEARTBEAT),
    (exceptions.AMQPError, Cut.NETWORK),
    (connection_workflow.AMQPConnectorException, Cut.UNREACHABLE),
    (ssl.SSLCertVerificationError, Cut.CERTIFICATE),
    (OSError, Cut.UNREACHABLE),
)


def _cut_of(error: BaseException | None) -> Cut:
    return next((cut for kind, cut in _CUTS if isinstance(error, kind)), Cut.NETWORK)


def _words(error: BaseException | None) -> str:
    if error is None:
        return "connection lost"
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
