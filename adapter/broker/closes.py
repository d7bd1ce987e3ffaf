"""Why connections and channels close, and what we do then, as one table."""

import re
import ssl
from collections.abc import Mapping
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
    OURS = "ours"


class Scope(StrEnum):
    """What closed."""

    CONNECTION = "connection"
    CHANNEL = "channel"


class CloseAction(StrEnum):
    """What follows from a close."""

    END = "end"
    """We asked for it."""
    RECONNECT = "reconnect"
    """A new connection, with backoff."""
    REBUILD = "rebuild"
    """A new channel, with backoff."""
    NEEDS_PERSON = "needs_person"
    """Said in state and log, tried again slowly."""


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


@dataclass(frozen=True, slots=True)
class CloseRule:
    """What a close means for us: the action, the event's name (log and metric), and what a person can do."""

    action: CloseAction
    event: str
    advice: str = ""

    def told(self, reason: CloseReason) -> str:
        """The reason and the advice, as sentences."""
        return f"{str(reason).rstrip('.')}. {self.advice}".rstrip()


_RIGHTS = "Give the user the rights that `adapter topology show --as permissions` prints."
_TOPOLOGY = "Declare what `adapter topology show --as definitions` prints, or set amqp.topology: declare."
_OTHER_ARGUMENTS = (
    "An object of ours exists with other arguments: delete it once it is empty (a queue: rabbitmqctl delete_queue NAME "
    "--if-empty), or choose another amqp.prefix."
)
_BUG = CloseRule(CloseAction.RECONNECT, "broker_protocol_error", "A bug of ours or pika's: please report it.")

_CONNECTION_RULES: Mapping[int | Cut, CloseRule] = {
    Cut.OURS: CloseRule(CloseAction.END, "link_closed"),
    Cut.NETWORK: CloseRule(CloseAction.RECONNECT, "link_lost", "The network or the broker went away."),
    Cut.HEARTBEAT: CloseRule(CloseAction.RECONNECT, "link_heartbeat_lost", "Broker, network or our loop stood still."),
    Cut.UNREACHABLE: CloseRule(CloseAction.RECONNECT, "link_unreachable", "Is the broker up? Check amqp.urls."),
    Cut.CREDENTIALS: CloseRule(
        CloseAction.NEEDS_PERSON, "link_refused", "The broker refuses user or password: check amqp.urls."
    ),
    Cut.CERTIFICATE: CloseRule(
        CloseAction.NEEDS_PERSON,
        "link_refused",
        "Check amqp.tls; the broker's certificate must have the host's name.",
    ),
    Cut.PROTOCOL: CloseRule(
        CloseAction.NEEDS_PERSON, "link_refused", "What answers there does not speak AMQP 0-9-1: check amqp.urls."
    ),
    320: CloseRule(CloseAction.RECONNECT, "link_closed_by_broker", "The broker shuts down, or an operator closed us."),
    403: CloseRule(CloseAction.NEEDS_PERSON, "link_refused", "The broker refuses user or password: check amqp.urls."),
    402: CloseRule(CloseAction.NEEDS_PERSON, "link_refused", "The vhost does not exist: check amqp.urls."),
    404: CloseRule(CloseAction.NEEDS_PERSON, "link_refused", "The vhost does not exist: check amqp.urls."),
    501: _BUG,
    502: _BUG,
    503: _BUG,
    504: _BUG,
    505: _BUG,
    530: CloseRule(
        CloseAction.NEEDS_PERSON,
        "link_refused",
        "The broker does not allow it: vhost missing, no rights on it, or a connection limit.",
    ),
    540: _BUG,
    541: CloseRule(CloseAction.RECONNECT, "broker_internal_error", "Look at the broker's log."),
}
_CHANNEL_RULES: Mapping[int | Cut, CloseRule] = {
    Cut.OURS: CloseRule(CloseAction.END, "channel_closed"),
    311: CloseRule(CloseAction.REBUILD, "message_refused", "The message is larger than the broker takes."),
    403: CloseRule(CloseAction.NEEDS_PERSON, "channel_refused", _RIGHTS),
    404: CloseRule(CloseAction.REBUILD, "object_missing", _TOPOLOGY),
    405: CloseRule(CloseAction.REBUILD, "object_locked", "Another connection holds it exclusively."),
    406: CloseRule(CloseAction.REBUILD, "channel_precondition_failed"),
    541: CloseRule(CloseAction.REBUILD, "broker_internal_error", "Look at the broker's log."),
}
_SETUP_RULES: Mapping[int, CloseRule] = {
    403: CloseRule(CloseAction.NEEDS_PERSON, "setup_refused", _RIGHTS),
    404: CloseRule(CloseAction.NEEDS_PERSON, "setup_refused", _TOPOLOGY),
    406: CloseRule(CloseAction.NEEDS_PERSON, "setup_refused", _OTHER_ARGUMENTS),
}


def rule_of(reason: CloseReason) -> CloseRule:
    """Return what a close means while consuming or publishing; what is unknown is tried again."""
    key = reason.cut or reason.code
    if reason.scope is Scope.CONNECTION:
        return _CONNECTION_RULES.get(key, CloseRule(CloseAction.RECONNECT, "link_lost"))
    return _CHANNEL_RULES.get(key, CloseRule(CloseAction.REBUILD, "channel_lost"))


def setup_rule_of(reason: CloseReason) -> CloseRule:
    """Return what a close means while the topology is set up, where trying the same again does not help."""
    if reason.scope is Scope.CHANNEL and reason.code in _SETUP_RULES:
        return _SETUP_RULES[reason.code]
    return rule_of(reason)


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
