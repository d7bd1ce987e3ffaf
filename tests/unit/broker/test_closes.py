"""Every way to lose a connection or channel has one meaning, and pika's own exceptions are all accounted for."""

import inspect

import pytest
from pika import exceptions, spec
from pika.adapters.utils import connection_workflow

from adapter.broker.close_rules import (
    CHANNEL_RULES,
    CONNECTION_RULES,
    CONSUMER_TIMEOUT_RULE,
    CloseAction,
    rule_of,
    setup_rule_of,
)
from adapter.broker.closes import CloseReason, Cut, Scope, reason_of

NEEDS_PERSON = CloseAction.NEEDS_PERSON
RECONNECT = CloseAction.RECONNECT
REBUILD = CloseAction.REBUILD

# What pika 1.4 has; one that is new must be looked at here.
KNOWN = {
    "AMQPChannelError", "AMQPConnectionError", "AMQPError", "AMQPHeartbeatTimeout", "AuthenticationError",
    "BodyTooLongError", "ChannelClosed", "ChannelClosedByBroker", "ChannelClosedByClient", "ChannelError",
    "ChannelWrongStateError",
    "ConnectionBlockedTimeout", "ConnectionClosed", "ConnectionClosedByBroker", "ConnectionClosedByClient",
    "ConnectionOpenAborted", "ConnectionWrongStateError", "ConsumerCancelled", "DuplicateConsumerTag",
    "DuplicateGetOkCallback", "IncompatibleProtocolError", "InvalidChannelNumber", "InvalidFieldTypeException",
    "InvalidFrameError", "MethodNotImplemented", "NackError", "NoFreeChannels", "ProbableAccessDeniedError",
    "ProbableAuthenticationError", "ProtocolSyntaxError", "ProtocolVersionMismatch", "ReentrancyError",
    "ShortStringTooLong", "StreamLostError", "UnexpectedFrameError", "UnroutableError",
    "UnsupportedAMQPFieldException",
}  # fmt: skip


def test_pika_has_no_exception_that_we_do_not_know() -> None:
    found = {
        name
        for name, kind in inspect.getmembers(exceptions, inspect.isclass)
        if issubclass(kind, BaseException) and kind.__module__ == exceptions.__name__
    }
    assert found == KNOWN


def by_broker(code: int, text: str = "TEXT") -> exceptions.ConnectionClosedByBroker:
    return exceptions.ConnectionClosedByBroker(code, text)


def workflow(inner: BaseException) -> BaseException:
    """As pika wraps what happens while it connects."""
    failed = connection_workflow.AMQPConnectionWorkflowFailed([inner])
    return exceptions.AMQPConnectionError(failed)


@pytest.mark.parametrize(
    ("error", "action", "told"),
    [
        (by_broker(320, "CONNECTION_FORCED"), RECONNECT, "320"),
        (by_broker(541), RECONNECT, "541"),
        (by_broker(501), RECONNECT, "501"),
        (by_broker(530), NEEDS_PERSON, "530"),
        (exceptions.StreamLostError("reset"), RECONNECT, "reset"),
        (exceptions.AMQPHeartbeatTimeout("idle"), RECONNECT, "idle"),
        (exceptions.ProbableAuthenticationError(repr(by_broker(403, "ACCESS_REFUSED - Login"))), NEEDS_PERSON, "403"),
        (exceptions.ProbableAccessDeniedError(repr(by_broker(530, "vhost x not found"))), NEEDS_PERSON, "530"),
        (exceptions.ProbableAccessDeniedError(repr(by_broker(541, "vhost '/' is down"))), RECONNECT, "541"),
        (exceptions.ProbableAuthenticationError(repr(exceptions.StreamLostError("EOF"))), RECONNECT, "EOF"),
        (exceptions.IncompatibleProtocolError("StreamLostError"), RECONNECT, "Incompatible"),
        (exceptions.ProtocolVersionMismatch("0-9-1", "0-8"), NEEDS_PERSON, "0-8"),
        (workflow(connection_workflow.AMQPConnectorSocketConnectError(OSError(111, "refused"))), RECONNECT, "refused"),
        (workflow(connection_workflow.AMQPConnectorAMQPHandshakeError(by_broker(530))), NEEDS_PERSON, "530"),
        (OSError("no such host"), RECONNECT, "no such host"),
        (None, RECONNECT, "lost"),
        (exceptions.UnexpectedFrameError("frame"), RECONNECT, "Unexpected"),
    ],
)
def test_the_end_of_a_connection_means(error: BaseException | None, action: CloseAction, told: str) -> None:
    reason = reason_of(error, Scope.CONNECTION)
    assert rule_of(reason).action is action
    assert told in str(reason)


@pytest.mark.parametrize(
    ("code", "in_use", "in_setup"),
    [
        (403, NEEDS_PERSON, NEEDS_PERSON),
        (311, REBUILD, REBUILD),
        (404, REBUILD, NEEDS_PERSON),
        (405, REBUILD, REBUILD),
        (406, REBUILD, NEEDS_PERSON),
        (541, REBUILD, REBUILD),
        (999, REBUILD, REBUILD),
    ],
)
def test_the_end_of_a_channel_means(code: int, in_use: CloseAction, in_setup: CloseAction) -> None:
    reason = reason_of(exceptions.ChannelClosedByBroker(code, "TEXT"), Scope.CHANNEL)
    assert (rule_of(reason).action, setup_rule_of(reason).action) == (in_use, in_setup)


def test_every_code_that_amqp_knows_has_a_rule() -> None:
    codes = {value for name, value in vars(spec).items() if name.isupper() and value in range(200, 600)}
    ruled = {*CONNECTION_RULES, *CHANNEL_RULES}
    assert codes - {spec.FRAME_END} == {key for key in ruled if isinstance(key, int)}
    assert set(Cut) <= ruled


@pytest.mark.parametrize(
    "text",
    [
        "PRECONDITION_FAILED - delivery acknowledgement on channel 1 timed out. Timeout value used: 5000 ms.",
        "PRECONDITION_FAILED - consumer ack timed out on channel 1",
    ],
)
def test_a_consumer_timeout_is_told_from_other_failed_preconditions(text: str) -> None:
    assert rule_of(CloseReason(406, None, text, Scope.CHANNEL)) is CONSUMER_TIMEOUT_RULE
    other = CloseReason(406, None, "PRECONDITION_FAILED - unknown delivery tag 7", Scope.CHANNEL)
    assert rule_of(other) is CHANNEL_RULES[406]


def test_a_channel_that_goes_with_its_connection_is_the_link_s_affair() -> None:
    assert reason_of(exceptions.StreamLostError("cut"), Scope.CHANNEL).scope is Scope.CONNECTION
    assert reason_of(by_broker(320), Scope.CHANNEL).scope is Scope.CONNECTION


def test_what_needs_a_person_says_what_to_do() -> None:
    reasons = [CloseReason(code, None, "", Scope.CHANNEL) for code in (403, 404, 406)]
    reasons += [CloseReason(code, None, "", Scope.CONNECTION) for code in (402, 403, 404, 530)]
    reasons += [CloseReason(0, cut, "", Scope.CONNECTION) for cut in (Cut.CREDENTIALS, Cut.PROTOCOL)]
    assert all(setup_rule_of(reason).advice for reason in reasons)


def test_what_we_closed_ourselves_is_no_trouble() -> None:
    for error, scope in (
        (exceptions.ConnectionClosedByClient(200, "bye"), Scope.CONNECTION),
        (exceptions.ChannelClosedByClient(0, "bye"), Scope.CHANNEL),
    ):
        assert rule_of(reason_of(error, scope)).action is CloseAction.END
