"""ListJobs: every filter, newest first, in pages that do not shift."""

from collections.abc import Sequence

import pytest

from adapter.domain.job import Job, State, Verdict
from adapter.outbound.sql import SqlJobStore
from adapter.ports import JobFilter
from tests.integration.store.samples import FAILURE, claimed, finished, new_job


async def listed(store: SqlJobStore, selection: JobFilter) -> Sequence[str]:
    """Return the request ids of the first page."""
    jobs, _ = await store.list(selection, page_size=100)
    return [job.request_id for job in jobs]


@pytest.fixture
async def jobs(store: SqlJobStore) -> dict[str, Job]:
    """Store a few different jobs, in the order of their names."""
    ended = [
        await finished(store, new_job("a", labels={"tenant": "x", "lane": "fast"})),
        await finished(store, new_job("b", task="extract-invoice", labels={"tenant": "xy"}), FAILURE),
        await finished(store, new_job("c", client="billing", labels={}), FAILURE),
    ]
    running = await claimed(store, new_job("d", labels={"tenant": "x"}))
    return {job.request_id: job for job in (*ended, running.job)}


async def test_everything_is_listed_newest_first(store: SqlJobStore, jobs: dict[str, Job]) -> None:
    found, token = await store.list(JobFilter(), page_size=100)
    assert list(found) == [jobs[name] for name in "dcba"]
    assert token == ""


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (JobFilter(task="extract-invoice"), "b"),
        (JobFilter(states=[State.RUNNING]), "d"),
        (JobFilter(states=[State.FAILED, State.SUCCEEDED]), "cba"),
        (JobFilter(verdict=Verdict.ACCEPTED_REPAIRED), "a"),
        (JobFilter(verdict=Verdict.NEEDS_REVIEW), ""),
        (JobFilter(reason="OUTPUT_INVALID"), "cb"),
        (JobFilter(client="billing"), "c"),
        (JobFilter(labels={"tenant": "x"}), "da"),
        (JobFilter(labels={"tenant": "x", "lane": "fast"}), "a"),
        (JobFilter(labels={"tenant": "%"}), ""),
        (JobFilter(states=[State.FAILED], client="crm"), "b"),
    ],
)
@pytest.mark.usefixtures("jobs")
async def test_a_filter_selects_exactly(store: SqlJobStore, selection: JobFilter, expected: str) -> None:
    assert await listed(store, selection) == list(expected)


async def test_a_time_range_includes_its_start_and_not_its_end(store: SqlJobStore) -> None:
    names = [f"r-{number}" for number in range(30)]
    found = [await finished(store, new_job(name)) for name in names]
    start, end = found[10].create_time, found[20].create_time
    expected = [job.request_id for job in found if start <= job.create_time < end]
    assert await listed(store, JobFilter(created_from=start, created_before=end)) == expected[::-1]


async def test_pages_do_not_shift_when_jobs_come_meanwhile(store: SqlJobStore) -> None:
    for number in range(7):
        await claimed(store, new_job(f"r-{number}"))
    found: list[str] = []
    token = ""
    while True:
        page, token = await store.list(JobFilter(), page_size=3, page_token=token)
        found += [job.request_id for job in page]
        if not token:
            break
        await claimed(store, new_job("late-" + str(len(found))))
    assert found == [f"r-{number}" for number in reversed(range(7))]


async def test_a_page_that_ends_the_list_has_no_token(store: SqlJobStore) -> None:
    for number in range(3):
        await claimed(store, new_job(f"r-{number}"))
    page, token = await store.list(JobFilter(), page_size=3)
    assert (len(page), token) == (3, "")
