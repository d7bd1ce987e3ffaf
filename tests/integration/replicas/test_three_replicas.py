"""Three replicas are one service: what one of them runs, the others know, wait for, stop, or take over."""

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from llm_adapter.v1 import job_pb2, job_service_pb2

from tests.integration.end_to_end.conftest import SimulatorProcess
from tests.integration.end_to_end.test_trouble import declare_results
from tests.integration.replicas.conftest import shared_settings
from tests.integration.replicas.trio import LEASE_SECONDS, TASK, Trio
from tests.kit import databases
from tests.kit.adapter_process import AdapterProcess
from tests.kit.callers import GrpcFailure, QueueCaller, failures
from tests.kit.sender import collect
from tests.kit.waiting import until

pytestmark = pytest.mark.timeout(300)  # the first of them starts three processes

DEADLINE_SECONDS = 60.0
MESSAGES = int(os.environ.get("TROUBLE_MESSAGES", "200"))


@pytest.fixture(scope="module")
def _trio(tmp_path_factory: pytest.TempPathFactory, broker: Any) -> Iterator[Trio]:
    folder = tmp_path_factory.mktemp("trio")
    simulator = SimulatorProcess(folder, "--latency", "1")
    url = databases.clone()
    settings = shared_settings(url, broker.url, f"trio{uuid4().hex[:6]}", simulator.url)
    settings["amqp"]["max_held"] = 30
    settings["database"]["lease_seconds"] = LEASE_SECONDS  # a slow machine must not lose one: model calls are counted
    trio = Trio(folder, settings, simulator)
    yield trio
    trio.stop()
    simulator.stop()
    databases.drop(url)


@pytest.fixture
def trio(_trio: Trio) -> Trio:
    return _trio.start()


@pytest.fixture
def queue_caller(trio: Trio) -> Iterator[QueueCaller]:
    caller = QueueCaller(trio.broker_url, trio.prefix).open()
    yield caller
    caller.close()


def new_id() -> str:
    return f"r-{uuid4().hex[:10]}"


def until_calling(trio: Trio, request_id: str) -> None:
    """Wait until the model is asked; the simulator tells of a call when it is over."""
    question = "SELECT count(*) FROM calls JOIN jobs USING (job_id) WHERE request_id = %s"
    url = trio.settings["database"]["url"]
    until(lambda: databases.value_in(url, question, request_id))


def finished(replica: AdapterProcess, job_id: str) -> bool:
    return any(event["event"] == "job_finished" and event["job_id"] == job_id for event in replica.events())


def test_one_request_sent_to_all_replicas_is_run_by_one_and_waited_for_by_all(trio: Trio, ticket: bytes) -> None:
    request_id = new_id()
    with ThreadPoolExecutor() as threads:
        runs = [
            threads.submit(trio.caller(number).run, TASK, ticket, request_id=request_id)
            for number in (0, 1, 2, 0, 1, 2)
        ]
        jobs = [run.result() for run in runs]

    assert {job.job_id for job in jobs} == {jobs[0].job_id}
    assert {job.state for job in jobs} == {job_pb2.STATE_SUCCEEDED}
    assert len(trio.simulator.calls(request_id)) == 1
    assert len(trio.where(lambda replica: finished(replica, jobs[0].job_id))) == 1


def test_a_message_whose_job_runs_anywhere_is_held_until_it_is_over_and_answered_once(
    trio: Trio, queue_caller: QueueCaller, ticket: bytes
) -> None:
    request_id = new_id()
    with ThreadPoolExecutor() as threads:
        run = threads.submit(trio.caller(0).run, TASK, ticket, request_id=request_id)
        until(lambda: find(trio, request_id) is not None)
        for number in range(6):  # competing consumers: they reach every replica
            queue_caller.send(TASK, ticket, message_id=request_id, correlation_id=str(number))
        job = run.result()
    answers = [queue_caller.next_result(of=request_id) for _ in range(6)]

    assert len(trio.simulator.calls(request_id)) == 1
    assert {answer.body for answer in answers} == {job.result.content}
    assert sorted(str(answer.properties.correlation_id) for answer in answers) == [str(number) for number in range(6)]


def find(trio: Trio, request_id: str) -> job_pb2.Job | None:
    """The job of a request, as another replica sees it."""
    try:
        return trio.caller(1).get(request_id=request_id)
    except GrpcFailure:
        return None


def test_a_job_is_cancelled_wherever_it_runs(trio: Trio, ticket: bytes) -> None:
    request_id = new_id()
    with ThreadPoolExecutor() as threads:
        run = threads.submit(trio.caller(0).run, TASK, ticket, request_id=request_id, labels={"simulate": "hang"})
        until_calling(trio, request_id)
        begun = time.monotonic()
        with failures():
            trio.caller(1).jobs.CancelJob(job_service_pb2.CancelJobRequest(request_id=request_id), timeout=60)
        with pytest.raises(GrpcFailure) as failure:
            run.result()
        seconds = time.monotonic() - begun

    assert failure.value.reason == "CANCELLED"
    assert trio.caller(2).get(request_id=request_id).state == job_pb2.STATE_CANCELLED
    assert seconds < 10, "within seconds"


def test_a_job_can_be_watched_from_a_replica_that_does_not_run_it(trio: Trio, ticket: bytes) -> None:
    request_id = new_id()
    trio.simulator.control(latency=6)
    try:
        with ThreadPoolExecutor() as threads:
            run = threads.submit(trio.caller(0).run, TASK, ticket, request_id=request_id)
            until(lambda: find(trio, request_id) is not None)
            request = job_service_pb2.WatchJobRequest(request_id=request_id)
            seen = [event.job for event in trio.caller(2).jobs.WatchJob(request, timeout=60) if event.HasField("job")]
            job = run.result()
    finally:
        trio.simulator.control(latency=1)

    assert [one.state for one in seen] == [job_pb2.STATE_RUNNING, job_pb2.STATE_SUCCEEDED]
    assert seen[-1].result == job.result


def test_the_jobs_of_a_replica_that_is_killed_are_done_by_the_others_and_nothing_is_lost(
    trio: Trio, ticket: bytes
) -> None:
    results = declare_results(trio.broker_url, trio.prefix)
    request_ids = [new_id() for _ in range(MESSAGES)]
    lost = trio.caller(0).submit(TASK, ticket, request_id=new_id())
    trio.send(request_ids, ticket)
    until_calls(trio, request_ids, MESSAGES // 4)
    trio.replicas[0].kill()

    found = collect(trio.broker_url, results, {*request_ids, lost.request_id}, seconds=DEADLINE_SECONDS * 2)

    assert set(found) >= {*request_ids, lost.request_id}
    for request_id in request_ids:
        assert {outcome for _, outcome in found[request_id]} == {"succeeded"}
        assert len({message_id for message_id, _ in found[request_id]}) == 1


def until_calls(trio: Trio, request_ids: list[str], count: int) -> None:
    wanted = set(request_ids)
    until(lambda: sum(call["request_id"] in wanted for call in trio.simulator.calls()) >= count)


def test_a_replica_that_stood_still_for_longer_than_its_lease_stores_nothing_of_what_was_taken_over(
    trio: Trio, queue_caller: QueueCaller, ticket: bytes
) -> None:
    request_id = new_id()
    frozen = trio.replicas[0]
    assert frozen.process is not None
    queue_replies = queue_caller.replies
    trio.simulator.control(latency=6)
    with ThreadPoolExecutor() as threads:
        run = threads.submit(trio.caller(0).run, TASK, ticket, request_id=request_id)
        try:
            until_calling(trio, request_id)
            frozen.process.send_signal(signal.SIGSTOP)
        finally:
            trio.simulator.control(latency=1)
        try:
            job = trio.caller(1).run(TASK, ticket, request_id=request_id)
        finally:
            frozen.process.send_signal(signal.SIGCONT)
        late = run.result()
    queue_caller.send(TASK, ticket, message_id=request_id, reply_to=queue_replies)
    answer = queue_caller.next_reply()

    assert [attempt.finish_reason for attempt in job.attempts] == ["lost", "stop"], "it was taken over"
    assert late.attempts == job.attempts, "who waited at the frozen one got the outcome of the other"
    assert answer.body == late.result.content == job.result.content
    assert not finished(frozen, job.job_id)
