"""Parts that are slow, or stand still: the store, the event loop, the whole process."""

import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from llm_adapter.v1 import job_pb2

from adapter.failpoints import Failpoint
from tests.faults.broken import TASK, Broken
from tests.kit.callers import new_id
from tests.kit.databases import locked
from tests.kit.waiting import until

Broke = Callable[..., Broken]
SLOW_SECONDS = 2.0


def test_a_store_that_is_slow_is_waited_for_and_nothing_is_paid_twice(
    broken: Broke, ticket: bytes, tmp_path: Path
) -> None:
    adapter, request_id = broken(database={"statement_seconds": 30}).start(), new_id()
    queue = adapter.queue  # opened before the store is locked
    with ThreadPoolExecutor(1) as thread:
        with locked(tmp_path / "adapter.db"):
            run = thread.submit(adapter.grpc.run, TASK, ticket, request_id=request_id)
            queued = queue.send(TASK, ticket, reply_to=queue.replies)
            # Each write is waited for: nobody is refused as long as the store gets to it in time.
            with pytest.raises(TimeoutError):
                run.result(SLOW_SECONDS)
        job = run.result()
    (answer,) = adapter.replies()

    assert job.state == job_pb2.STATE_SUCCEEDED
    assert answer.outcome == "succeeded"
    assert [len(adapter.simulator.calls(one)) for one in (request_id, queued)] == [1, 1]


def test_a_loop_that_stands_still_says_what_holds_it_and_goes_on(broken: Broke, ticket: bytes) -> None:
    adapter = broken().start(f"{Failpoint.AFTER_CLAIM}=1*block(8)")
    sent = adapter.queue.send(TASK, ticket, reply_to=adapter.queue.replies)
    (answer,) = adapter.replies()
    # Among others: a slow machine may hold the loop elsewhere, too.
    stacks = [event["stack"] for event in adapter.process.events() if event["event"] == "loop_blocked"]

    assert answer.outcome == "succeeded"
    assert any("in block" in stack for stack in stacks)
    assert 'adapter_loop_lag_seconds_bucket{le="2.5"}' in adapter.process.metrics()
    assert len(adapter.simulator.calls(sent)) == 1


def test_a_replica_that_froze_beyond_its_lease_stores_nothing_of_what_the_other_took_over(
    broken: Broke, ticket: bytes
) -> None:
    frozen = broken(on_postgresql=True, name="first").start(f"{Failpoint.BEFORE_FINISH}=1*stop")
    sent = frozen.queue.send(TASK, ticket, reply_to=frozen.queue.replies)
    assert frozen.process.process is not None
    until(lambda: is_stopped(frozen.process.process.pid if frozen.process.process else 0), seconds=60)
    other = broken(on_postgresql=True, name="second").start()

    # The frozen one still holds the message: a repeat finds the job, takes it over, and is answered.
    job = other.grpc.run(TASK, ticket, request_id=sent)
    frozen.process.process.send_signal(signal.SIGCONT)
    answers = frozen.replies()
    other.settled()
    answers += frozen.replies(0)

    assert job.state == job_pb2.STATE_SUCCEEDED
    assert {answer.body for answer in answers} == {job.result.content}
    assert len({answer.properties.message_id for answer in answers}) == 1
    assert len(other.simulator.calls(sent)) == 1, "the reply was stored before it froze"
    assert [event for event in frozen.process.events() if event["event"] == "job_finished"] == []


def is_stopped(pid: int) -> bool:
    """True while a process is stopped by a signal."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
