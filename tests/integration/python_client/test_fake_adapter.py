"""The fake adapter, which callers test with: it behaves as the real one where callers can tell."""

from collections.abc import Callable

import pytest
from llm_adapter import AdapterClient, AdapterError, Job, Progress, ProgressKind, Reason, State, Verdict, Violation
from llm_adapter.testing import FakeAdapter

# On a slow machine the client's own deadline may be first, and names no job.
TRIES = 5


def failed(call: Callable[[], object]) -> AdapterError:
    with pytest.raises(AdapterError) as caught:
        call()
    return caught.value


def test_answers_come_in_the_order_of_the_script_and_the_last_one_stays(
    fake_adapter: FakeAdapter, fake_adapter_client: AdapterClient
) -> None:
    fake_adapter.answer("t", {"n": 1})
    fake_adapter.answer("t", b'{"n":2.50}')

    contents = [fake_adapter_client.run("t", b"x").content for _ in range(3)]

    assert contents == [b'{"n":1}', b'{"n":2.50}', b'{"n":2.50}']


def test_what_came_in_is_remembered(fake_adapter: FakeAdapter) -> None:
    fake_adapter.answer("t", {})
    options = {"traceparent": "00-1-1-01"}
    with AdapterClient(fake_adapter.address, api_key="k-1", extra_metadata=lambda: options) as client:
        client.run("t@1", b"\xff", request_id="order-1", content_type="text/xml", labels={"desk": "a"})

    (received,) = fake_adapter.requests
    assert (received.rpc, received.task, received.request_id) == ("RunJob", "t@1", "order-1")
    assert (received.payload, received.content_type, received.labels) == (b"\xff", "text/xml", {"desk": "a"})
    assert received.metadata["x-api-key"] == "k-1"
    assert received.metadata["traceparent"] == "00-1-1-01"


def test_a_bearer_token_is_asked_for_each_try(fake_adapter: FakeAdapter) -> None:
    tokens = iter(["one", "two"])
    fake_adapter.fail("t", Reason.MODEL_UNAVAILABLE, pushback_seconds=0.01)
    fake_adapter.answer("t", {})
    with AdapterClient(fake_adapter.address, bearer_token=lambda: next(tokens)) as client:
        client.run("t", b"")

    assert [one.metadata["authorization"] for one in fake_adapter.requests] == ["Bearer one", "Bearer two"]


def test_a_passing_failure_is_tried_again_with_the_same_request_id(
    fake_adapter: FakeAdapter, fake_adapter_client: AdapterClient
) -> None:
    fake_adapter.fail("t", Reason.MODEL_UNAVAILABLE, pushback_seconds=0.01)
    fake_adapter.fail("t", Reason.RATE_LIMITED, pushback_seconds=0.01)
    fake_adapter.answer("t", {"ok": True})

    job = fake_adapter_client.run("t", b"")

    assert job.document() == {"ok": True}
    assert [one.request_id for one in fake_adapter.requests] == [job.request_id] * 3


def test_a_failure_of_the_request_is_raised_at_once_with_everything(
    fake_adapter: FakeAdapter, fake_adapter_client: AdapterClient
) -> None:
    violation = Violation("/total", "minimum", "must be at least 0")
    fake_adapter.fail("t", Reason.INPUT_INVALID, "Not like this.", violations=[violation])

    error = failed(lambda: fake_adapter_client.run("t", b"", request_id="order-1"))

    assert (error.reason, error.message, error.is_retryable) == ("INPUT_INVALID", "Not like this.", False)
    assert (error.violations, error.request_id, error.job_id) == ((violation,), "order-1", "")
    assert len(fake_adapter.requests) == 1


def test_pushback_beyond_the_deadline_ends_the_call_at_once_with_the_reason(
    fake_adapter: FakeAdapter, fake_adapter_client: AdapterClient
) -> None:
    fake_adapter.fail("t", Reason.OVERLOADED, pushback_seconds=120)

    error = failed(lambda: fake_adapter_client.run("t", b"", timeout_seconds=5))

    assert (error.reason, error.is_retryable, error.pushback_seconds) == ("OVERLOADED", True, 120)
    assert len(fake_adapter.requests) == 1


def test_a_recorded_failure_is_the_outcome_of_its_request_id(
    fake_adapter: FakeAdapter, fake_adapter_client: AdapterClient
) -> None:
    fake_adapter.fail("t", Reason.OUTPUT_INVALID)
    fake_adapter.answer("t", {})

    first = failed(lambda: fake_adapter_client.run("t", b"", request_id="order-1"))
    again = failed(lambda: fake_adapter_client.run("t", b"", request_id="order-1"))
    job = fake_adapter_client.get(request_id="order-1")

    assert first.reason == again.reason == "OUTPUT_INVALID"
    assert first.job_id == again.job_id == job.job_id
    assert (job.state, job.error and job.error.reason) == (State.FAILED, "OUTPUT_INVALID")


def test_a_repeat_gets_the_first_outcome_and_other_content_is_refused(
    fake_adapter: FakeAdapter, fake_adapter_client: AdapterClient
) -> None:
    fake_adapter.answer("t", {"n": 1})
    fake_adapter.answer("t", {"n": 2})

    first = fake_adapter_client.run("t", b"a", request_id="order-1")
    again = fake_adapter_client.run("t", b"a", request_id="order-1")
    error = failed(lambda: fake_adapter_client.run("t", b"b", request_id="order-1"))

    assert (again.job_id, again.content) == (first.job_id, b'{"n":1}')
    assert (error.reason, error.job_id) == ("REQUEST_ID_REUSED", first.job_id)


def test_a_review_is_an_error_unless_it_is_accepted(
    fake_adapter: FakeAdapter, fake_adapter_client: AdapterClient
) -> None:
    fake_adapter.review("t", {"n": 1}, findings={"AMOUNT_UNCLEAR": "two totals"})

    error = failed(lambda: fake_adapter_client.run("t", b"", request_id="order-1"))
    accepted = fake_adapter_client.run("t", b"", request_id="order-1", accept_review=True)

    assert error.reason == "REVIEW_NEEDED"
    assert (accepted.job_id, accepted.verdict) == (error.job_id, Verdict.NEEDS_REVIEW)
    assert accepted.document() == {"n": 1}
    assert [one.code for one in accepted.message.result.findings] == ["AMOUNT_UNCLEAR"]


def test_a_deadline_ends_the_wait_and_names_the_job_that_goes_on(
    fake_adapter: FakeAdapter, fake_adapter_client: AdapterClient
) -> None:
    fake_adapter.answer("t", {}, delay_seconds=3600)

    for _ in range(TRIES):
        error = failed(lambda: fake_adapter_client.run("t", b"", timeout_seconds=3.0))
        if error.job_id:
            break

    assert (error.reason, error.is_retryable) == ("DEADLINE_EXCEEDED", True)
    assert fake_adapter_client.get(error.job_id).state is State.RUNNING


def test_a_submitted_job_is_watched_to_its_end(fake_adapter: FakeAdapter, fake_adapter_client: AdapterClient) -> None:
    fake_adapter.answer("t", {"n": 1}, delay_seconds=3)

    submitted = fake_adapter_client.submit("t", b"")
    *before, last = fake_adapter_client.watch(submitted.job_id)

    assert [one.state for one in before if isinstance(one, Job)] == [State.RUNNING]
    assert [one.kind for one in before if isinstance(one, Progress)] == [ProgressKind.CALL_STARTED]
    assert isinstance(last, Job)
    assert (last.job_id, last.document()) == (submitted.job_id, {"n": 1})


def test_a_cancelled_job_ends_so_for_all_who_ask(fake_adapter: FakeAdapter, fake_adapter_client: AdapterClient) -> None:
    fake_adapter.answer("t", {}, delay_seconds=3600)
    submitted = fake_adapter_client.submit("t", b"", request_id="order-1")

    cancelled = fake_adapter_client.cancel(request_id="order-1")

    assert cancelled.state is State.CANCELLED
    assert failed(lambda: fake_adapter_client.run("t", b"", request_id="order-1")).reason == "CANCELLED"
    assert failed(lambda: fake_adapter_client.get(submitted.job_id).document()).reason == "CANCELLED"


def test_a_request_may_be_cancelled_before_it_comes(
    fake_adapter: FakeAdapter, fake_adapter_client: AdapterClient
) -> None:
    fake_adapter.answer("t", {})

    unknown = failed(lambda: fake_adapter_client.cancel(request_id="order-1"))
    cancelled = fake_adapter_client.cancel(request_id="order-1", allow_missing=True)
    later = failed(lambda: fake_adapter_client.run("t", b"", request_id="order-1"))

    assert (unknown.reason, later.reason, later.job_id) == ("JOB_NOT_FOUND", "CANCELLED", cancelled.job_id)


def test_a_submit_that_is_refused_leaves_no_job(fake_adapter: FakeAdapter, fake_adapter_client: AdapterClient) -> None:
    fake_adapter.fail("t", Reason.PAYLOAD_UNREADABLE)

    submitting = failed(lambda: fake_adapter_client.submit("t", b"", request_id="order-1"))
    looking = failed(lambda: fake_adapter_client.get(request_id="order-1"))

    assert (submitting.reason, looking.reason) == ("PAYLOAD_UNREADABLE", "JOB_NOT_FOUND")


def test_a_task_without_a_script_says_what_the_test_forgot(fake_adapter_client: AdapterClient) -> None:
    error = failed(lambda: fake_adapter_client.run("unheard-of", b""))

    assert error.reason == "TASK_NOT_FOUND"
    assert "unheard-of" in error.message


def test_jobs_are_listed_by_filter_and_page(fake_adapter: FakeAdapter, fake_adapter_client: AdapterClient) -> None:
    fake_adapter.answer("a", {})
    fake_adapter.review("b", {})
    jobs = [fake_adapter_client.run(task, b"", accept_review=True, labels={"at": task}) for task in "aab"]

    first = fake_adapter_client.list(page_size=2)
    second = fake_adapter_client.list(page_size=2, page_token=first.next_page_token)
    reviews = fake_adapter_client.list(verdict=Verdict.NEEDS_REVIEW, states=[State.SUCCEEDED], labels={"at": "b"})

    assert [one.job_id for one in (*first.jobs, *second.jobs)] == [job.job_id for job in reversed(jobs)]
    assert not second.next_page_token
    assert [one.job_id for one in reviews.jobs] == [jobs[2].job_id]


def test_calls_in_flight_are_cut_off_when_it_stops() -> None:
    with FakeAdapter() as fake:
        fake.answer("t", {}, delay_seconds=3600)
        with AdapterClient(fake.address, most_tries=1) as client:
            job = client.submit("t", b"")
            events = client.watch(job.job_id)
            next(events)
            fake.stop()

            error = failed(lambda: list(events))

    assert error.reason in {"UNAVAILABLE", "CANCELLED"}
