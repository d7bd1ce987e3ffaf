"""One request that comes many times, from everywhere at once: worked on once, answered wherever it asked."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pika
import pytest
from llm_adapter.v1 import job_pb2

from tests.faults.broken import TASK, Broken
from tests.integration.end_to_end.conftest import SimulatorProcess
from tests.kit.callers import GrpcFailure, new_id
from tests.kit.waiting import until

Broke = Callable[..., Broken]


@pytest.fixture
def two(broken: Broke) -> tuple[Broken, Broken]:
    """Give two replicas on one PostgreSQL and one broker."""
    # Calls are counted: on a slow machine, too, neither is taken for dead.
    first, second = (
        broken(on_postgresql=True, name=name, database={"lease_seconds": 30}) for name in ("first", "second")
    )
    first.begin()
    second.begin()
    for one in (first, second):
        one.process.await_started()
    return first, second


def test_a_message_sent_fifty_times_to_two_replicas_is_worked_on_once_and_answered_under_one_id(
    two: tuple[Broken, Broken], ticket: bytes
) -> None:
    first, second = two
    request_id = new_id()
    for _ in range(50):
        first.queue.send(TASK, ticket, message_id=request_id, reply_to=first.queue.replies)
    with ThreadPoolExecutor(10) as threads:
        runs = [threads.submit(one.grpc.run, TASK, ticket, request_id=request_id) for one in (first, second) * 5]
        jobs = [run.result() for run in runs]
    first.drained()
    answers = first.replies()

    assert len(first.simulator.calls(request_id)) == 1
    assert len({job.job_id for job in jobs}) == 1
    assert len({answer.properties.message_id for answer in answers}) == 1
    assert {answer.body for answer in answers} == {jobs[0].result.content}


@pytest.fixture
def slow(calls_counted: SimulatorProcess) -> Iterator[None]:
    """Let each call take so long that both callers wait for it, and one gives up meanwhile."""
    calls_counted.control(latency=12.0)
    yield
    calls_counted.control(latency=0.5)


@pytest.mark.usefixtures("slow")
@pytest.mark.parametrize("gives_up", ["grpc", "queue"])
def test_of_two_callers_by_grpc_and_queue_one_may_give_up_and_the_other_is_answered(
    gives_up: str, broken: Broke, ticket: bytes
) -> None:
    adapter, request_id = broken().start(), new_id()
    queue = adapter.queue  # opened before anybody waits
    patience = 6.0 if gives_up == "grpc" else 60.0
    other = pika.BlockingConnection(pika.URLParameters(adapter.broker_url))
    theirs = f"{adapter.prefix}.replies"
    other.channel().queue_declare(theirs, exclusive=True)
    replies = theirs if gives_up == "queue" else queue.replies
    with ThreadPoolExecutor(1) as thread:
        run = thread.submit(adapter.grpc.run, TASK, ticket, request_id=request_id, timeout=patience)
        until(lambda: adapter.simulator.in_flight() == 1)
        queue.send(TASK, ticket, message_id=request_id, reply_to=replies)
        until(lambda: "\nadapter_deliveries 1.0" in adapter.process.metrics())
        assert not run.done()
        assert "adapter_requests_refused_total{" not in adapter.process.metrics()
        if gives_up == "queue":
            other.close()  # its reply queue goes with it
            assert run.result().state == job_pb2.STATE_SUCCEEDED
        else:
            with pytest.raises(GrpcFailure) as failure:
                run.result()
            # By its code: when the machine stalls, the caller's own clock is first, and that gives no reason.
            assert failure.value.code == "DEADLINE_EXCEEDED"
            (answer,) = adapter.replies()
            assert answer.outcome == "succeeded"
    if other.is_open:
        other.close()

    assert len(adapter.simulator.calls(request_id)) == 1


def test_a_repeat_with_a_new_reply_queue_is_answered_there_when_the_first_answer_was_lost(
    broken: Broke, ticket: bytes
) -> None:
    adapter, request_id = broken().start(), new_id()
    first = f"{adapter.prefix}.replies"
    adapter.queue.channel.queue_declare(first, durable=True)
    adapter.queue.send(TASK, ticket, message_id=request_id, reply_to=first)
    until(lambda: adapter.queue.count(first) == 1, seconds=60)
    adapter.queue.channel.queue_delete(first)  # with the answer in it

    adapter.queue.send(TASK, ticket, message_id=request_id, correlation_id="again", reply_to=adapter.queue.replies)
    (answer,) = adapter.replies()

    assert (answer.outcome, answer.properties.correlation_id) == ("succeeded", "again")
    assert adapter.grpc.get(request_id=request_id).result.content == answer.body
    assert len(adapter.simulator.calls(request_id)) == 1
