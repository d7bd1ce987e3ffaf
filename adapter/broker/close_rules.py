"""What we do about each way in which connections and channels close: the table in docs/operations.md, held to it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from adapter.broker.closes import CloseReason, Cut, Scope


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
class CloseRule:
    """What a close means for us: the action, the event's name (log and metric), and what a person can do."""

    action: CloseAction
    event: str
    advice: str = ""

    def told(self, reason: CloseReason) -> str:
        """The reason and the advice, as sentences."""
        return f"{str(reason).rstrip('.')}. {self.advice}".rstrip()


_END, _RECONNECT, _REBUILD, _PERSON = CloseAction

_RIGHTS = "Give the user the rights that `adapter topology show --as permissions` prints."
_TOPOLOGY = "Declare what `adapter topology show --as definitions` prints, or set amqp.topology: declare."
_OTHER_ARGUMENTS = (
    "An object of ours exists with other arguments: delete it once it is empty (a queue: rabbitmqctl delete_queue NAME "
    "--if-empty), or choose another amqp.prefix."
)
_BUG = CloseRule(_RECONNECT, "broker_protocol_error", "A bug of ours or pika's: please report it.")
_CHANNEL_BUG = CloseRule(_REBUILD, "broker_protocol_error", _BUG.advice)
_LOGIN = CloseRule(_PERSON, "link_refused", "The broker refuses user or password: check amqp.urls.")
_VHOST = CloseRule(_PERSON, "link_refused", "The vhost does not exist: check amqp.urls.")
_SCARCE = "The broker lacks memory, disk or handles: look at its log and alarms."
_ITS_LOG = "Look at the broker's log."

CONNECTION_RULES: Mapping[int | Cut, CloseRule] = {
    Cut.OURS: CloseRule(_END, "link_closed"),
    Cut.NETWORK: CloseRule(_RECONNECT, "link_lost", "The network or the broker went away."),
    Cut.HEARTBEAT: CloseRule(_RECONNECT, "link_heartbeat_lost", "Broker, network or our loop stood still."),
    Cut.UNREACHABLE: CloseRule(_RECONNECT, "link_unreachable", "Is the broker up? Check amqp.urls."),
    Cut.CREDENTIALS: _LOGIN,
    Cut.CERTIFICATE: CloseRule(
        _PERSON, "link_refused", "Check amqp.tls; the broker's certificate must have the host's name."
    ),
    Cut.PROTOCOL: CloseRule(_PERSON, "link_refused", "What answers there does not speak AMQP 0-9-1: check amqp.urls."),
    200: CloseRule(_RECONNECT, "link_closed_by_broker"),
    320: CloseRule(_RECONNECT, "link_closed_by_broker", "The broker shuts down, or an operator closed us."),
    402: _VHOST,
    403: _LOGIN,
    404: _VHOST,
    501: _BUG,
    502: _BUG,
    503: _BUG,
    504: _BUG,
    505: _BUG,
    506: CloseRule(_RECONNECT, "broker_lacks_resources", _SCARCE),
    530: CloseRule(
        _PERSON, "link_refused", "The broker does not allow it: vhost missing, no rights on it, or a connection limit."
    ),
    540: _BUG,
    541: CloseRule(_RECONNECT, "broker_internal_error", _ITS_LOG),
}
"""A connection, and a channel that goes with it."""

CHANNEL_RULES: Mapping[int | Cut, CloseRule] = {
    Cut.OURS: CloseRule(_END, "channel_closed"),
    Cut.CONSUMER: CloseRule(_REBUILD, "consumer_cancelled", "Its queue was deleted, or moves to another node."),
    Cut.SILENT: CloseRule(_REBUILD, "consumer_silent", "If it comes again, look at the broker's log."),
    200: CloseRule(_REBUILD, "channel_lost"),
    311: CloseRule(_REBUILD, "message_refused", "The message is larger than the broker takes."),
    312: CloseRule(_REBUILD, "channel_lost"),
    313: CloseRule(_REBUILD, "channel_lost"),
    403: CloseRule(_PERSON, "channel_refused", _RIGHTS),
    404: CloseRule(_REBUILD, "object_missing", _TOPOLOGY),
    405: CloseRule(_REBUILD, "object_locked", "Another connection holds it exclusively."),
    406: CloseRule(_REBUILD, "channel_precondition_failed"),
    504: _CHANNEL_BUG,
    506: CloseRule(_REBUILD, "broker_lacks_resources", _SCARCE),
    540: _CHANNEL_BUG,
    541: CloseRule(_REBUILD, "broker_internal_error", _ITS_LOG),
}
"""A channel in use, while its connection goes on."""

CONSUMER_TIMEOUT_RULE = CloseRule(
    _REBUILD,
    "consumer_timed_out",
    "A message was held for longer than the broker's consumer_timeout: raise that, or lower amqp.max_hold_seconds or "
    "the task's policy.seconds.",
)
"""406, too, but something else altogether: only the words tell. What was held comes again; its job is adopted."""
_CONSUMER_TIMEOUT = re.compile(r"(delivery acknowledgement|consumer ack) .*timed out", re.IGNORECASE)

SETUP_RULES: Mapping[int, CloseRule] = {
    403: CloseRule(_PERSON, "setup_refused", _RIGHTS),
    404: CloseRule(_PERSON, "setup_refused", _TOPOLOGY),
    406: CloseRule(_PERSON, "setup_refused", _OTHER_ARGUMENTS),
}
"""A channel that declares or verifies the topology, where trying the same again does not help."""


def rule_of(reason: CloseReason) -> CloseRule:
    """Return what a close means while consuming or publishing; what is unknown is tried again."""
    key = reason.cut or reason.code
    if reason.scope is Scope.CONNECTION:
        return CONNECTION_RULES.get(key, CloseRule(_RECONNECT, "link_lost"))
    if key == 406 and _CONSUMER_TIMEOUT.search(reason.text):  # noqa: PLR2004 - a code of the table above
        return CONSUMER_TIMEOUT_RULE
    return CHANNEL_RULES.get(key, CloseRule(_REBUILD, "channel_lost"))


def setup_rule_of(reason: CloseReason) -> CloseRule:
    """Return what a close means while the topology is set up."""
    if reason.scope is Scope.CHANNEL and reason.code in SETUP_RULES:
        return SETUP_RULES[reason.code]
    return rule_of(reason)
