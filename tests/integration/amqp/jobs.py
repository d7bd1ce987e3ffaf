"""Jobs in a real store, ended, with publications of their answer."""

import uuid
from collections.abc import Sequence

from adapter.domain.job import Job, Origin, Outcome, Result, Route, State, Verdict
from adapter.domain.message import Publication
from adapter.outbound.sql.store import SqlJobStore
from adapter.ports import Claim, NewJob
from adapter.service.answers import answer_of


async def ended_job(store: SqlJobStore, *routes: Route, content: bytes = b"{}") -> tuple[Job, Sequence[Publication]]:
    """Run a job to its outcome; its answer is stored for each route, to be sent by this replica."""
    name = uuid.uuid4().hex
    claim = await store.claim(
        NewJob(
            job_id=name,
            client="crm",
            request_id=name,
            content_hash="hash",
            origin=Origin.QUEUED,
            task="classify",
            task_ref="classify",
        )
    )
    assert isinstance(claim, Claim)
    await store.set_version(claim, "1.0.0", "hash")
    outcome = Outcome(State.SUCCEEDED, Result(content, Verdict.ACCEPTED))
    return await store.finish(claim, outcome, answer_of, routes)
