"""Jobs whose message is gone from the broker: they end, and their requester is told."""

from collections.abc import Callable

from adapter.failpoints import Failpoint
from tests.faults.broken import TASK, Broken
from tests.kit.waiting import until


def test_a_job_whose_message_was_purged_ends_interrupted_and_is_answered(
    broken: Callable[..., Broken], ticket: bytes
) -> None:
    adapter = broken(amqp={"max_hold_seconds": 1, "lost_after_seconds": 3})
    adapter.start(f"{Failpoint.AFTER_CLAIM}=exit")
    sent = adapter.queue.send(TASK, ticket, reply_to=adapter.queue.replies)
    adapter.wait_for_crash()
    queue = f"{adapter.prefix}.requests.{TASK}"
    until(lambda: adapter.queue.count(queue) == 1, seconds=60)
    adapter.queue.channel.queue_purge(queue)

    adapter.start()
    (answer,) = adapter.replies()
    job = adapter.grpc.get(request_id=sent)

    assert (answer.outcome, answer.reason) == ("failed", "INTERRUPTED")
    assert answer.properties.correlation_id == sent
    assert "message is gone" in job.error.message
    assert adapter.simulator.calls(sent) == []
