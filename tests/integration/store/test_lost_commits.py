"""A connection that is lost during COMMIT: what was stored is recognised, and what is not is not lost."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from enum import Enum

import pytest

from adapter.domain.job import State
from adapter.errors import StoreUnavailable
from adapter.outbound.sql import SqlJobStore
from adapter.ports import Claim, ClaimLostError
from adapter.ports.operators import Selection
from tests.integration.store.samples import FAILURE, LEASE_SECONDS, PAYLOAD, SUCCESS, TURNS, call, claimed, new_job
from tests.kit.forwarder import Forwarder, Mode

pytestmark = pytest.mark.postgresql


class Loss(Enum):
    """What is lost of the next COMMIT."""

    QUESTION = "the server never sees it"
    ANSWER = "the server does it, and its answer is lost"


class LosingForwarder(Forwarder):
    """Cuts the connection around one COMMIT, and refuses others from then on if it is told to."""

    loss: Loss | None = None
    then_refuses = False
    _loses_answer = False

    def lose(self, loss: Loss, *, then_refuses: bool = False) -> None:
        """Lose the next COMMIT."""
        self.loss, self.then_refuses = loss, then_refuses

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while chunk := await reader.read(65536):
                if self._loses_answer or (self.loss is Loss.QUESTION and b"COMMIT" in chunk):
                    self._cut()
                    return
                if self.loss is Loss.ANSWER and b"COMMIT" in chunk:
                    self._loses_answer = True
                writer.write(chunk)
                await writer.drain()

    def _cut(self) -> None:
        self.loss, self._loses_answer = None, False
        if self.then_refuses:
            self.set_mode(Mode.REFUSE)
        self.reset()


@pytest.fixture
async def line(migrated_url: str) -> AsyncIterator[LosingForwarder]:
    async with LosingForwarder.to(migrated_url) as forwarder:
        yield forwarder


@pytest.fixture
async def store(line: LosingForwarder, migrated_url: str) -> AsyncIterator[SqlJobStore]:
    opened = SqlJobStore(line.url(migrated_url), replica_id="a", lease_seconds=LEASE_SECONDS, is_alone=False)
    await opened.open()
    yield opened
    await opened.close()


@pytest.mark.parametrize("loss", list(Loss))
async def test_a_claim_is_made_once_whatever_is_lost_of_its_commit(
    line: LosingForwarder, store: SqlJobStore, loss: Loss
) -> None:
    line.lose(loss)
    claim = await claimed(store, new_job())

    assert line.loss is None, "it was lost"
    assert (claim.claims, claim.token) == (1, 1)
    assert (await store.finish(claim, SUCCESS, None))[0].state is State.SUCCEEDED


@pytest.mark.parametrize("loss", list(Loss))
async def test_every_write_of_a_group_gets_its_result_when_the_commit_is_lost(
    line: LosingForwarder, store: SqlJobStore, loss: Loss
) -> None:
    line.lose(loss)
    claims = await asyncio.gather(*(store.claim(new_job(f"r-{number}")) for number in range(30)))

    assert line.loss is None, "it was lost"
    assert {type(claim) for claim in claims} == {Claim}
    assert {claim.claims for claim in claims if isinstance(claim, Claim)} == {1}


async def test_a_claim_that_nobody_learned_of_is_given_back_before_anything_else(
    line: LosingForwarder, store: SqlJobStore
) -> None:
    line.lose(Loss.ANSWER, then_refuses=True)
    with pytest.raises(StoreUnavailable, match="may have stored"):
        await store.claim(new_job())
    with pytest.raises(StoreUnavailable):
        await store.claim(new_job())
    line.set_mode(Mode.PASS)

    claim = await store.claim(new_job())

    assert isinstance(claim, Claim), "not running here without anybody who works on it"
    assert (claim.claims, claim.token) == (1, 2)


async def test_an_outcome_that_nobody_learned_of_is_found_by_the_repeat(
    line: LosingForwarder, store: SqlJobStore
) -> None:
    claim = await claimed(store, new_job())
    line.lose(Loss.ANSWER, then_refuses=True)
    with pytest.raises(StoreUnavailable):
        await store.finish(claim, SUCCESS, None)
    line.set_mode(Mode.PASS)

    with pytest.raises(ClaimLostError):
        await store.finish(claim, SUCCESS, None)
    job = await store.get(claim.job.job_id)

    assert job is not None
    assert job.state is State.SUCCEEDED


async def test_a_call_may_be_written_again_when_nobody_knows_whether_it_was(
    line: LosingForwarder, store: SqlJobStore
) -> None:
    claim = await claimed(store, new_job())
    line.lose(Loss.ANSWER, then_refuses=True)
    with pytest.raises(StoreUnavailable):
        await store.call_started(claim, call(), TURNS)
    line.set_mode(Mode.PASS)

    await store.call_started(claim, call(), TURNS)

    assert [one.call.number for one in await store.calls(claim.job.job_id)] == [1]


async def test_a_retry_that_nobody_learned_of_is_made_once_when_it_is_asked_for_again(
    line: LosingForwarder, store: SqlJobStore
) -> None:
    claim = await claimed(store, new_job())
    await store.finish(claim, FAILURE, None, keep_payload=PAYLOAD)
    (job,), _ = await store.operators.pick(Selection(job_ids=[claim.job.job_id]), limit=1)
    line.lose(Loss.ANSWER, then_refuses=True)
    with pytest.raises(StoreUnavailable):
        await store.operators.retry(job, None, ())
    line.set_mode(Mode.PASS)

    assert await store.operators.retry(job, None, ()) is None
    history = await store.operators.history(job.job_id)
    shown = await store.get(job.job_id)

    assert history is not None
    assert shown is not None
    assert (len(history.past), shown.revision) == (1, 2)
