"""A crash at every failpoint: one outcome, one message id, nothing lost, and no more calls than the promise allows."""

from collections.abc import Callable

import pytest
from llm_adapter.v1 import job_pb2

from adapter.failpoints import Failpoint
from tests.faults.broken import TASK, Broken
from tests.kit.callers import GrpcFailure, new_id

# A call that was under way, or whose reply was not stored, is paid again; no other is.
BY_QUEUE = {
    Failpoint.BEFORE_CLAIM: 1,
    Failpoint.AFTER_CLAIM: 1,
    Failpoint.BEFORE_CALL: 1,
    Failpoint.DURING_CALL: 2,
    Failpoint.BEFORE_REPLY: 2,
    Failpoint.AFTER_REPLY: 1,
    Failpoint.BEFORE_FINISH: 1,
    Failpoint.AFTER_FINISH: 1,
    Failpoint.BEFORE_ACK: 1,
    Failpoint.BEFORE_PUBLISH: 1,
    Failpoint.BEFORE_CONFIRM: 1,
    Failpoint.AFTER_CONFIRM: 1,
}
BY_GRPC = [
    Failpoint.BEFORE_CLAIM,
    Failpoint.AFTER_CLAIM,
    Failpoint.BEFORE_CALL,
    Failpoint.DURING_CALL,
    Failpoint.BEFORE_REPLY,
    Failpoint.AFTER_REPLY,
    Failpoint.BEFORE_FINISH,
    Failpoint.AFTER_FINISH,
]
SHORT = {Failpoint.DURING_CALL, Failpoint.AFTER_REPLY, Failpoint.AFTER_FINISH, Failpoint.BEFORE_CONFIRM}

Broke = Callable[..., Broken]


def each(points: list[Failpoint]) -> list[object]:
    """All of them with --long, some of them otherwise."""
    return [pytest.param(one, marks=[] if one in SHORT else [pytest.mark.long]) for one in points]


@pytest.mark.parametrize("point", each([*BY_QUEUE]))
def test_a_crash_costs_a_request_by_queue_neither_its_outcome_nor_a_second_one(
    point: Failpoint, broken: Broke, ticket: bytes
) -> None:
    adapter = broken().start(f"{point.value}=exit")
    sent = adapter.queue.send(TASK, ticket, reply_to=adapter.queue.replies)
    adapter.wait_for_crash()

    adapter.start()
    answers = adapter.replies()
    adapter.settled()
    answers += adapter.replies(0)

    assert {answer.outcome for answer in answers} == {"succeeded"}
    assert len({answer.properties.message_id for answer in answers}) == 1
    assert adapter.grpc.get(request_id=sent).result.content == answers[0].body
    assert 1 <= len(adapter.simulator.calls(sent)) <= BY_QUEUE[point]


@pytest.mark.parametrize("point", each(BY_GRPC))
def test_a_crash_costs_a_caller_by_grpc_who_asks_again_no_second_payment(
    point: Failpoint, broken: Broke, ticket: bytes
) -> None:
    adapter, request_id = broken().start(f"{point.value}=exit"), new_id()
    with pytest.raises(GrpcFailure) as failure:
        adapter.grpc.run(TASK, ticket, request_id=request_id)
    adapter.wait_for_crash()

    adapter.start()
    job = adapter.grpc.run(TASK, ticket, request_id=request_id)

    assert failure.value.code == "UNAVAILABLE"
    assert job.state == job_pb2.STATE_SUCCEEDED
    assert 1 <= len(adapter.simulator.calls(request_id)) <= BY_QUEUE[point]


def test_a_submission_that_was_stored_and_not_answered_is_worked_on_once(broken: Broke, ticket: bytes) -> None:
    adapter, request_id = broken().start(f"{Failpoint.AFTER_SUBMIT}=exit"), new_id()
    route = {"routing_key": adapter.queue.replies}
    with pytest.raises(GrpcFailure):
        adapter.grpc.submit(TASK, ticket, request_id=request_id, reply_to=route)
    adapter.wait_for_crash()

    adapter.start()
    job = adapter.grpc.submit(TASK, ticket, request_id=request_id, reply_to=route)
    answers = adapter.replies()
    adapter.settled()
    answers += adapter.replies(0)

    assert {answer.headers["llm-job-id"] for answer in answers} == {job.job_id}
    assert len({answer.properties.message_id for answer in answers}) == 1
    assert len(adapter.simulator.calls(request_id)) == 1


def test_a_message_that_was_replaced_by_its_ticket_and_not_acknowledged_is_answered_once(
    broken: Broke, ticket: bytes
) -> None:
    adapter = broken(amqp={"max_hold_seconds": 1})
    adapter.simulator.control(down=True)
    try:
        adapter.start(f"{Failpoint.AFTER_TICKET}=exit")
        sent = adapter.queue.send(TASK, ticket, reply_to=adapter.queue.replies)
        adapter.wait_for_crash()
    finally:
        adapter.simulator.control(down=False)

    adapter.start()
    answers = adapter.replies()
    adapter.settled()
    answers += adapter.replies(0)

    assert {answer.outcome for answer in answers} == {"succeeded"}
    assert len({answer.properties.message_id for answer in answers}) == 1
    assert len([call for call in adapter.simulator.calls(sent) if call["status"] == 200]) == 1


@pytest.mark.parametrize(
    "point", [Failpoint.AFTER_REPLY, *(pytest.param(one, marks=pytest.mark.long) for one in BY_QUEUE)]
)
def test_what_a_crashed_replica_left_the_other_finishes(point: Failpoint, broken: Broke, ticket: bytes) -> None:
    first = broken(on_postgresql=True, name="first").start(f"{point.value}=exit")
    sent = first.queue.send(TASK, ticket, reply_to=first.queue.replies)
    first.wait_for_crash()

    second = broken(on_postgresql=True, name="second").start()
    answers = first.replies()
    second.settled()
    answers += first.replies(0)

    assert {answer.outcome for answer in answers} == {"succeeded"}
    assert len({answer.properties.message_id for answer in answers}) == 1
    assert second.grpc.get(request_id=sent).result.content == answers[0].body
    assert 1 <= len(first.simulator.calls(sent)) <= BY_QUEUE[point]


def test_a_replica_that_ends_at_its_heartbeat_leaves_its_messages_to_the_other(broken: Broke, ticket: bytes) -> None:
    first = broken(on_postgresql=True, name="first").start()
    queue = first.queue
    first.process.stop()
    sent = {queue.send(TASK, ticket, reply_to=queue.replies) for _ in range(5)}
    # It may come at any moment of its start, or of its first jobs.
    first.begin(f"{Failpoint.HEARTBEAT}=4*exit")
    first.wait_for_crash()

    second = broken(on_postgresql=True, name="second").start()
    answers = first.replies(5)
    second.settled()
    answers += first.replies(0)

    assert {answer.properties.correlation_id for answer in answers} == sent
    assert {answer.outcome for answer in answers} == {"succeeded"}
    assert len({answer.properties.message_id for answer in answers}) == 5
