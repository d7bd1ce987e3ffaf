"""Both clients with the real adapter, its models simulated: the fixture that callers use, too."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
from llm_adapter import AdapterClient, AdapterError, AsyncAdapterClient, Job, State, Verdict
from llm_adapter.testing import SimulatedAdapter
from pydantic import BaseModel

from tests.kit.adapter_process import ROOT
from tests.kit.callers import new_id
from tests.kit.forwarder import Forwarder

TICKET = (ROOT / "examples/tasks/classify-ticket/samples/01-double-charge.json").read_bytes()
# On a slow machine the client's own deadline may be first, and names no job.
TRIES = 5


class Triage(BaseModel):
    category: str
    priority: str


@pytest.fixture
async def client(simulated_adapter: SimulatedAdapter) -> AsyncIterator[AsyncAdapterClient]:
    async with AsyncAdapterClient(simulated_adapter.address) as client:
        yield client


async def failed(call: Callable[[], Awaitable[object]]) -> AdapterError:
    with pytest.raises(AdapterError) as caught:
        await call()
    return caught.value


def test_a_record_becomes_an_instance_of_the_callers_class(simulated_adapter_client: AdapterClient) -> None:
    job = simulated_adapter_client.run("classify-ticket", TICKET)

    assert (job.state, job.verdict) == (State.SUCCEEDED, Verdict.ACCEPTED)
    assert job.into(Triage).category == job.document()["category"]


async def test_the_asynchronous_client_does_the_same(client: AsyncAdapterClient) -> None:
    request_id = new_id()

    job = await client.run("classify-ticket", TICKET, request_id=request_id)
    again = await client.run("classify-ticket", TICKET, request_id=request_id)

    assert job.into(Triage).category == job.document()["category"]
    assert again.job_id == job.job_id
    assert (await client.get(request_id=request_id)).content == job.content


async def test_a_submitted_job_is_watched_fetched_and_listed(client: AsyncAdapterClient) -> None:
    label = {"batch": new_id()}
    submitted = await client.submit(
        "classify-ticket", TICKET, labels=label, deadline=datetime.now(UTC) + timedelta(minutes=5)
    )

    events = [event async for event in client.watch(submitted.job_id)]
    listed = await client.list("classify-ticket", labels=label, states=[State.SUCCEEDED], verdict=Verdict.ACCEPTED)

    assert isinstance(events[-1], Job)
    assert events[-1].document() == (await client.get(submitted.job_id)).document()
    assert [job.job_id for job in listed.jobs] == [submitted.job_id]


async def test_a_job_is_cancelled_while_its_model_is_silent(client: AsyncAdapterClient) -> None:
    submitted = await client.submit("classify-ticket", TICKET, labels={"simulate": "hang"})
    events = client.watch(submitted.job_id)
    async for event in events:
        if isinstance(event, Job) and event.state is State.RUNNING:
            break

    await client.cancel(submitted.job_id)
    rest = [event async for event in events]

    assert isinstance(rest[-1], Job)
    assert rest[-1].state is State.CANCELLED


async def test_an_invalid_record_names_every_violation(client: AsyncAdapterClient) -> None:
    error = await failed(lambda: client.run("classify-ticket", b'{"body": 7}'))

    assert (error.reason, error.is_retryable) == ("INPUT_INVALID", False)
    assert {violation.pointer for violation in error.violations}


async def test_a_deadline_comes_with_the_job_that_goes_on(client: AsyncAdapterClient) -> None:
    for _ in range(TRIES):
        error = await failed(
            lambda: client.run("classify-ticket", TICKET, labels={"simulate": "hang"}, timeout_seconds=3.0)
        )
        if error.job_id:
            break

    assert (error.reason, error.is_retryable) == ("DEADLINE_EXCEEDED", True)
    assert error.job_id
    await client.cancel(error.job_id)


async def test_a_review_is_an_error_unless_it_is_accepted(client: AsyncAdapterClient) -> None:
    request_id = new_id()
    labels = {"simulate": "review"}

    error = await failed(lambda: client.run("classify-ticket", TICKET, request_id=request_id, labels=labels))
    looked_up = await client.get(error.job_id)
    accepted = await client.run("classify-ticket", TICKET, request_id=request_id, labels=labels, accept_review=True)

    assert error.reason == "REVIEW_NEEDED"
    with pytest.raises(AdapterError, match="REVIEW_NEEDED"):
        looked_up.document()
    assert accepted.document() == looked_up.accepting_review().document()


async def test_a_call_that_loses_its_connection_pays_for_the_model_once(simulated_adapter: SimulatedAdapter) -> None:
    host, _, port = simulated_adapter.address.partition(":")
    request_id = new_id()
    async with (
        Forwarder(host, int(port)) as forwarder,
        AsyncAdapterClient(simulated_adapter.address) as direct,
        AsyncAdapterClient(f"127.0.0.1:{forwarder.port}") as client,
    ):
        slow = {"simulate": "slow"}
        running = asyncio.create_task(client.run("classify-ticket", TICKET, request_id=request_id, labels=slow))
        await until_known(direct, request_id)
        forwarder.reset()
        job = await running

    assert job.request_id == request_id
    assert job.message.usage.model_calls == 1
    assert forwarder.connections == 2


async def until_known(client: AsyncAdapterClient, request_id: str) -> None:
    async with asyncio.timeout(60):
        while True:
            with contextlib.suppress(AdapterError):
                await client.get(request_id=request_id)
                return
            await asyncio.sleep(0.02)


async def test_a_watch_that_loses_its_connection_goes_on(simulated_adapter: SimulatedAdapter) -> None:
    host, _, port = simulated_adapter.address.partition(":")
    async with Forwarder(host, int(port)) as forwarder, AsyncAdapterClient(f"127.0.0.1:{forwarder.port}") as client:
        submitted = await client.submit("classify-ticket", TICKET, labels={"simulate": "slow"})
        events = client.watch(submitted.job_id)
        await anext(events)
        forwarder.reset()
        last = [event async for event in events][-1]

    assert isinstance(last, Job)
    assert last.state is State.SUCCEEDED
    assert forwarder.connections == 2


async def test_an_adapter_that_is_not_there_is_an_error_that_names_it() -> None:
    async with AsyncAdapterClient("127.0.0.1:1", most_tries=2) as client:
        error = await failed(lambda: client.run("classify-ticket", TICKET))

    assert (error.reason, error.is_retryable, error.job_id) == ("UNAVAILABLE", True, "")
    assert "127.0.0.1:1" in error.message
