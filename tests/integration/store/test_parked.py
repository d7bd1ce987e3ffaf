"""Parked messages are kept byte-identical, newest first, until a person decides."""

import pytest

from adapter.errors import InvalidRequest
from adapter.outbound.sql import SqlJobStore
from tests.integration.store.samples import parked, ticket


async def test_a_parked_message_comes_back_byte_identical(store: SqlJobStore) -> None:
    kept = parked("p-1", job_id="job-1", task="classify-ticket")
    await store.park(kept, [ticket("answer-1", "")])
    found = await store.get_parked("p-1")
    assert found is not None
    assert found.message == kept.message
    assert (found.reason, found.detail, found.job_id, found.task, found.client) == (
        "TASK_NOT_FOUND",
        "no such task",
        "job-1",
        "classify-ticket",
        "crm",
    )
    assert found.park_time is not None
    assert found.replay_time is None
    assert await store.pending_publications() == 1


async def test_parked_messages_are_listed_in_pages_newest_first(store: SqlJobStore) -> None:
    for number in range(5):
        await store.park(parked(f"p-{number}"))
    first, token = await store.list_parked(page_size=2)
    second, token = await store.list_parked(page_size=2, page_token=token)
    third, token = await store.list_parked(page_size=2, page_token=token)
    assert [item.parked_id for item in (*first, *second, *third)] == ["p-4", "p-3", "p-2", "p-1", "p-0"]
    assert token == ""


async def test_a_replay_is_noted(store: SqlJobStore) -> None:
    await store.park(parked("p-1"))
    await store.replayed("p-1")
    found = await store.get_parked("p-1")
    assert found is not None
    assert found.replay_time is not None


async def test_a_discarded_message_is_gone(store: SqlJobStore) -> None:
    await store.park(parked("p-1"))
    assert await store.discard_parked("p-1")
    assert await store.get_parked("p-1") is None
    assert not await store.discard_parked("p-1")


@pytest.mark.parametrize("token", ["nonsense", "!!!", "WzFd", "bnVsbA=="])
async def test_a_foreign_page_token_is_an_invalid_request(store: SqlJobStore, token: str) -> None:
    with pytest.raises(InvalidRequest, match="page_token"):
        await store.list_parked(page_size=2, page_token=token)
