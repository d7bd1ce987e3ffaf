"""Ending a job: its outcome and the publications that follow, in one fenced transaction; and cancelling."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from sqlalchemy import Connection, Row, Update, bindparam, func, update
from sqlalchemy.sql.dml import ReturningInsert

from adapter.domain.job import Attempt, Job, JobError, Origin, Outcome, Route, State
from adapter.domain.message import Answer, ParkedMessage, Publication
from adapter.domain.payload import Payload
from adapter.errors import Cancelled
from adapter.outbound.sql import calls, claims, job_details, parked, publications
from adapter.outbound.sql.dialect import now_us
from adapter.outbound.sql.rows import job_of, job_values, outcome_values
from adapter.outbound.sql.statements import insert_job, is_claimed
from adapter.outbound.sql.tables import jobs
from adapter.outbound.sql.times import from_us, seconds_to_us
from adapter.ports import Claim, ClaimLostError, NewJob

_OUTCOME_COLUMNS = tuple(outcome_values(Outcome(State.FAILED), ()))


def _ending(statement: Update) -> Update:
    values = {name: bindparam(f"new_{name}", type_=jobs.c[name].type) for name in _OUTCOME_COLUMNS}
    return statement.values(**values, finish_time=now_us(), owner=None)


_FINISH = (
    _ending(update(jobs).where(is_claimed()))
    .values(work_us=jobs.c.work_us + bindparam("worked_us"))
    .returning(jobs.c.task_version, jobs.c.task_hash, jobs.c.finish_time, jobs.c.is_stored)
)
# The token grows, so that a lapsed owner that comes back finds its claim lost.
_CANCEL = (
    _ending(update(jobs).where(jobs.c.job_id == bindparam("of_job"))).values(token=jobs.c.token + 1).returning(jobs)
)
_ASK_TO_STOP = (
    update(jobs)
    .where(jobs.c.job_id == bindparam("of_job"))
    .values(cancel_time=func.coalesce(jobs.c.cancel_time, now_us()))
)


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended, and what of it is kept."""

    outcome: Outcome
    attempts: tuple[Attempt, ...] = ()
    keep_payload: Payload | None = None
    parked: ParkedMessage | None = None
    worked_seconds: float = 0.0


def finish(
    connection: Connection,
    claim: Claim,
    ending: Ending,
    answer: Callable[[Job], Answer] | None,
    routes: Sequence[Route],
    owner: str,
) -> tuple[Job, tuple[Publication, ...]]:
    """End a claimed job."""
    job_id = claim.job.job_id
    row = connection.execute(_FINISH, {**claims.fence(claim), **_ending_values(ending)}).one_or_none()
    if row is None:
        raise ClaimLostError
    if row.is_stored:
        routes = [*routes, *job_details.routes(connection, job_id)]
        if ending.keep_payload is None:
            job_details.drop_payload(connection, job_id)
    if ending.keep_payload is not None:
        job_details.put_payload(connection, job_id, ending.keep_payload)
    parked.park(connection, ending.parked)
    job = _ended_job(claim.job, ending, row)
    return publications.answer_routes(connection, job, answer, routes, owner)


def _ended_job(job: Job, ending: Ending, row: Row[Any]) -> Job:
    outcome = ending.outcome
    return replace(
        job,
        task_version=row.task_version,
        task_hash=row.task_hash,
        state=outcome.state,
        result=outcome.result,
        error=outcome.error,
        usage=outcome.usage,
        attempts=ending.attempts,
        finish_time=from_us(row.finish_time),
    )


def _ending_values(ending: Ending) -> dict[str, object]:
    worked_us = seconds_to_us(ending.worked_seconds)
    return {**_new(ending.outcome, ending.attempts), "worked_us": worked_us}


def cancel(
    connection: Connection, job_id: str, answer: Callable[[Job], Answer] | None, owner: str
) -> tuple[Job | None, tuple[Publication, ...]]:
    """End a job that nobody runs, or ask its owner to stop."""
    row = connection.execute(claims.BY_ID, {"job_id": job_id}).one_or_none()
    if row is None:
        return None, ()
    if State(row.state).is_end:
        return job_of(row), ()
    if row.is_live or (row.owner is not None and row.owner == owner):
        connection.execute(_ASK_TO_STOP, {"of_job": job_id})
        return job_of(row, calls.attempts(connection, job_id, running_token=row.token)), ()
    outcome = replace(_cancelled(), usage=calls.usage(connection, job_id))
    attempts = calls.attempts(connection, job_id, running_token=None)
    ended = connection.execute(_CANCEL, {"of_job": job_id, **_new(outcome, attempts)}).one()
    job = job_of(ended)
    routes = job_details.routes(connection, job_id) if ended.is_stored else ()
    job_details.drop_payload(connection, job_id)
    return publications.answer_routes(connection, job, answer, routes, owner)


def cancel_unseen(connection: Connection, client: str, request_id: str, job_id: str) -> Job:
    """Leave a tombstone, or return the job of a request that did arrive."""
    tombstone = NewJob(job_id, client, request_id, "", Origin.RUN, task="", task_ref="")
    values = {**job_values(tombstone), **outcome_values(_cancelled(), ())}
    inserted = connection.execute(_insert_tombstone(connection.dialect.name, tuple(values)), values).one_or_none()
    if inserted is not None:
        return job_of(inserted)
    row = claims.known(connection, tombstone)
    return cancel_unseen(connection, client, request_id, job_id) if row is None else job_of(row)


@cache
def _insert_tombstone(dialect_name: str, given: tuple[str, ...]) -> ReturningInsert[Any]:
    return insert_job(
        dialect_name,
        given,
        token=0,
        claims=0,
        is_stored=False,
        finish_time=now_us(),
    ).returning(jobs)


def _cancelled() -> Outcome:
    return Outcome(State.CANCELLED, error=JobError.of(Cancelled()))


def _new(outcome: Outcome, attempts: Sequence[Attempt]) -> dict[str, object]:
    return {f"new_{name}": value for name, value in outcome_values(outcome, attempts).items()}
