"""Results that cannot be sent: said on the job beside its outcome, which GetJob and RunJob still give."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from llm_adapter.v1 import job_pb2

from tests.integration.end_to_end.conftest import SimulatorProcess, simulated_settings
from tests.kit.adapter_process import AdapterProcess
from tests.kit.callers import GrpcCaller, QueueCaller, new_id

PREFIX = "deliveries"
SUCCEEDED = job_pb2.STATE_SUCCEEDED
# A review is published as an envelope with everything in it: longer than the shortest limit there may be.
LONG = {"simulate": "review"}


@pytest.fixture(scope="module")
def short(
    tmp_path_factory: pytest.TempPathFactory, simulator: SimulatorProcess, broker: Any
) -> Iterator[AdapterProcess]:
    """Give an adapter that sends short results only, and waits for nobody's queue."""
    settings = simulated_settings(
        simulator, broker.url, PREFIX, max_result_bytes=1024, unroutable_wait_seconds=0.1, reply_to_allow=[r"^nowhere$"]
    )
    with AdapterProcess(tmp_path_factory.mktemp(PREFIX), settings) as process:
        yield process


@pytest.fixture
def asked(short: AdapterProcess, broker: Any) -> Iterator[tuple[GrpcCaller, QueueCaller]]:
    grpc_caller, queue_caller = GrpcCaller(short.grpc_target), QueueCaller(broker.url, PREFIX).open()
    yield grpc_caller, queue_caller
    queue_caller.close()
    grpc_caller.close()


def remarked(caller: GrpcCaller, request_id: str, *, seconds: float = 60.0) -> job_pb2.Job:
    """Fetch a job until something is said beside its outcome."""
    deadline = time.monotonic() + seconds
    while not (job := caller.get(request_id=request_id)).HasField("remark"):
        assert time.monotonic() < deadline, job.state
        time.sleep(0.05)
    return job


def test_a_result_over_the_limit_is_told_of_by_queue_and_kept_for_grpc(
    asked: tuple[GrpcCaller, QueueCaller], ticket: bytes
) -> None:
    grpc_caller, queue_caller = asked

    queued = queue_caller.send(
        "classify-ticket", ticket, headers={"llm-label-simulate": "review"}, reply_to=queue_caller.replies
    )
    answers = [queue_caller.next_reply()]
    submitted = grpc_caller.submit(
        "classify-ticket",
        ticket,
        request_id=new_id(),
        labels=LONG,
        reply_to={"routing_key": queue_caller.replies},
    )
    answers.append(queue_caller.next_reply())
    jobs = [grpc_caller.get(request_id=one) for one in (queued, submitted.request_id)]

    assert [(one.outcome, one.reason) for one in answers] == [("failed", "RESULT_TOO_LARGE")] * 2
    assert [(one.state, one.remark.reason) for one in jobs] == [(SUCCEEDED, "RESULT_TOO_LARGE")] * 2
    assert all(one.result.content for one in jobs)


def test_a_run_whose_result_a_later_repeat_by_queue_cannot_carry_says_so_too(
    asked: tuple[GrpcCaller, QueueCaller], simulator: SimulatorProcess, ticket: bytes
) -> None:
    grpc_caller, queue_caller = asked
    request_id = new_id()
    first = grpc_caller.run("classify-ticket", ticket, request_id=request_id, labels=LONG, accept_review=True)

    queue_caller.send("classify-ticket", ticket, message_id=request_id, reply_to=queue_caller.replies)
    answer = queue_caller.next_reply()
    job = grpc_caller.get(request_id=request_id)

    assert not first.HasField("remark")
    assert (answer.outcome, answer.reason) == ("failed", "RESULT_TOO_LARGE")
    assert (job.remark.reason, job.result.content) == ("RESULT_TOO_LARGE", first.result.content)
    assert len(simulator.calls(request_id)) == 1


def test_a_result_that_no_queue_takes_is_kept_for_grpc(
    asked: tuple[GrpcCaller, QueueCaller], simulator: SimulatorProcess, ticket: bytes
) -> None:
    grpc_caller, queue_caller = asked

    queued = queue_caller.send("classify-ticket", ticket, reply_to="nowhere")
    submitted = grpc_caller.submit(
        "classify-ticket", ticket, request_id=new_id(), reply_to={"routing_key": "nowhere"}
    ).request_id
    jobs = [remarked(grpc_caller, one) for one in (queued, submitted)]
    again = grpc_caller.run("classify-ticket", ticket, request_id=queued)

    assert [(one.state, one.remark.reason) for one in jobs] == [(SUCCEEDED, "RESULT_UNDELIVERABLE")] * 2
    assert again.result.content == jobs[0].result.content
    assert len(simulator.calls(queued)) == 1
