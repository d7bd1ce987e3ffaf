"""Operators over a real broker: retries cut off by kill -9, replays of dead letters, results that found no queue."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from llm_adapter.v1 import admin_service_pb2, admin_service_pb2_grpc, job_pb2

from tests.integration.end_to_end.conftest import SimulatorProcess, simulated_settings
from tests.kit.adapter_process import AdapterProcess
from tests.kit.callers import GrpcCaller, QueueAnswer, QueueCaller
from tests.kit.waiting import until

JOBS = 150
FAILED = admin_service_pb2.JobSelection(task="classify-ticket", states=[job_pb2.STATE_FAILED])


@pytest.fixture
def adapter_of_its_own(tmp_path: Path, simulator: SimulatorProcess, broker: Any) -> Iterator[AdapterProcess]:
    """Give an adapter that a test may kill, with queues of its own."""
    adapter = AdapterProcess(tmp_path, simulated_settings(simulator, broker.url, "operators"))
    adapter.start()
    yield adapter
    simulator.control(faults=[], latency="0")
    adapter.stop()


@pytest.fixture
def queue(adapter_of_its_own: AdapterProcess, broker: Any) -> Iterator[QueueCaller]:
    assert adapter_of_its_own.grpc_port, "the adapter has declared the exchanges"
    caller = QueueCaller(broker.url, "operators").open()
    yield caller
    caller.close()


def answers(queue: QueueCaller, count: int) -> list[QueueAnswer]:
    """Take so many answers with different message ids; the same one may come more than once."""
    found: dict[str, QueueAnswer] = {}
    while len(found) < count:
        answer = queue.next_reply(seconds=60)
        found.setdefault(answer.properties.message_id or "", answer)
    return list(found.values())


def admin(channel: grpc.Channel) -> admin_service_pb2_grpc.AdminServiceStub:
    return admin_service_pb2_grpc.AdminServiceStub(channel)


def test_retries_that_are_cut_off_by_a_kill_lose_no_outcome_and_make_none_twice(
    adapter_of_its_own: AdapterProcess, simulator: SimulatorProcess, queue: QueueCaller, ticket: bytes
) -> None:
    adapter = adapter_of_its_own
    simulator.control(faults=["refusal"])
    sent = {queue.send("classify-ticket", ticket, reply_to=queue.replies) for _ in range(JOBS)}
    failed = answers(queue, JOBS)
    simulator.control(faults=[], latency="0.05")
    request = admin_service_pb2.RetryJobsRequest(selection=FAILED)

    with grpc.insecure_channel(adapter.grpc_address) as channel:
        first = next(iter(admin(channel).RetryJobs(request)))
        adapter.kill()
    adapter.start()
    rest = admin_service_pb2.RetryJobsRequest(selection=FAILED, resume_token=first.resume_token)
    with grpc.insecure_channel(adapter.grpc_address) as channel:
        for _ in admin(channel).RetryJobs(rest):
            pass
    retried = answers(queue, JOBS)

    assert {answer.outcome for answer in failed} == {"failed"}
    assert {(answer.outcome, answer.headers["llm-revision"]) for answer in retried} == {("succeeded", 2)}
    assert {answer.headers["llm-request-id"] for answer in retried} == sent
    assert {answer.headers["llm-job-id"] for answer in retried} == {answer.headers["llm-job-id"] for answer in failed}
    caller = GrpcCaller(adapter.grpc_address)
    assert {caller.get(request_id=request_id).revision for request_id in sent} == {2}
    caller.close()


def test_a_dead_letter_that_is_replayed_twice_is_run_once_as_a_revision(
    adapter_of_its_own: AdapterProcess, simulator: SimulatorProcess, queue: QueueCaller, ticket: bytes
) -> None:
    adapter = adapter_of_its_own
    adapter.stop()
    message_id = queue.send("classify-ticket", ticket, expiration="1", reply_to=queue.replies)
    adapter.start()
    expired = queue.next_reply()

    with grpc.insecure_channel(adapter.grpc_address) as channel:
        (parked,) = admin(channel).ListParked(admin_service_pb2.ListParkedRequest()).parked
        replay = admin_service_pb2.ReplayParkedRequest(parked_id=parked.parked_id)
        admin(channel).ReplayParked(replay)
        admin(channel).ReplayParked(replay)
        succeeded = queue.next_reply()
        admin(channel).ReplayParked(replay)
        repeated = queue.next_reply()

    assert (expired.reason, expired.headers["llm-revision"]) == ("REQUEST_EXPIRED", 1)
    assert (succeeded.outcome, succeeded.headers["llm-revision"]) == ("succeeded", 2)
    assert succeeded.properties.correlation_id == expired.properties.correlation_id == message_id
    assert repeated.properties.message_id == succeeded.properties.message_id
    assert len(simulator.calls(message_id)) == 1


def test_a_result_that_found_no_queue_is_sent_again_once_there_is_one(
    tmp_path: Path, simulator: SimulatorProcess, broker: Any, ticket: bytes
) -> None:
    settings = simulated_settings(simulator, broker.url, "unbound", unroutable_wait_seconds=0)
    with AdapterProcess(tmp_path, settings) as adapter:
        caller = GrpcCaller(adapter.grpc_address)
        job = caller.submit("classify-ticket", ticket)
        until(lambda: caller.get(job.job_id).remark.reason == "RESULT_UNDELIVERABLE")
        queue = QueueCaller(broker.url, "unbound").open()
        selection = admin_service_pb2.JobSelection(reason="RESULT_UNDELIVERABLE")
        with grpc.insecure_channel(adapter.grpc_address) as channel:
            (done,) = admin(channel).RepublishJobs(admin_service_pb2.RepublishJobsRequest(selection=selection))
        result = queue.next_result()
        shown = caller.get(job.job_id)
        queue.close()
        caller.close()

    assert [change.job_id for change in done.changes] == [job.job_id]
    assert (result.outcome, result.headers["llm-republished"]) == ("succeeded", True)
    assert not shown.HasField("remark")
