"""Taking a job for one run, and giving it back."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, select, update
from sqlalchemy.sql.dml import ReturningInsert

from adapter.domain.job import Origin, State
from adapter.outbound.sql import calls, job_details, revisions
from adapter.outbound.sql.dialect import now_us
from adapter.outbound.sql.lease import Lease
from adapter.outbound.sql.rows import fresh_job, job_of, job_values, new_of, request_values
from adapter.outbound.sql.statements import PENDING, RUNNING, insert_job, is_claimed, is_live, lost_work_us
from adapter.outbound.sql.tables import jobs
from adapter.outbound.sql.times import seconds_to_us, us_to_seconds
from adapter.ports import (
    SUSPECT_CLAIMS,
    Claim,
    ClaimLostError,
    ClaimResult,
    IdReused,
    NewJob,
    Recorded,
    RunningNow,
    Suspect,
)

_SEEN = select(jobs, is_live(jobs.c.owner).label("is_live"))
_SEEN_BY_REQUEST = _SEEN.where(jobs.c.client == bindparam("client"), jobs.c.request_id == bindparam("request_id"))
_SEEN_BY_ID = _SEEN.where(jobs.c.job_id == bindparam("job_id"))
_BY_REQUEST = _SEEN_BY_REQUEST.with_for_update(of=jobs)
BY_ID = _SEEN_BY_ID.with_for_update(of=jobs)

_TAKE = (
    update(jobs)
    .where(jobs.c.job_id == bindparam("taken_job"))
    .values(
        state=RUNNING,
        owner=bindparam("taker"),
        token=jobs.c.token + 1,
        claims=jobs.c.claims + 1,
        start_time=func.coalesce(jobs.c.start_time, now_us()),
    )
    .returning(jobs)
)
GIVE_BACK = update(jobs).values(state=PENDING, owner=None)
_GIVE_BACK_LOST = GIVE_BACK.where(jobs.c.state == RUNNING).values(work_us=jobs.c.work_us + lost_work_us())
_GIVE_BACK_ONE_LOST = _GIVE_BACK_LOST.where(jobs.c.job_id == bindparam("lost_job"))
_LOST = (
    select(jobs.c.job_id)
    .where(jobs.c.state == RUNNING, ~is_live(jobs.c.owner))
    .order_by(jobs.c.job_id)
    .with_for_update(of=jobs, skip_locked=True)  # who has one in hand takes it over just now
)
_GIVE_BACK_ALL_LOST = _GIVE_BACK_LOST.where(jobs.c.job_id.in_(_LOST.scalar_subquery()))
_RELEASE = GIVE_BACK.where(is_claimed()).values(
    claims=jobs.c.claims - bindparam("uncounted"), work_us=jobs.c.work_us + bindparam("worked_us")
)
_SET_VERSION = update(jobs).where(is_claimed())


@dataclass(frozen=True, slots=True)
class Taker:
    """The replica that claims. alone: the job will have the process for itself."""

    replica_id: str
    alone: bool
    lease: Lease


@cache
def _insert_running(dialect_name: str, given: tuple[str, ...]) -> ReturningInsert[Any]:
    return insert_job(
        dialect_name,
        given,
        state=RUNNING,
        token=1,
        claims=1,
        is_stored=False,
        start_time=now_us(),
    ).returning(jobs.c.create_time, jobs.c.start_time)


def claim(connection: Connection, new: NewJob, taker: Taker) -> ClaimResult:
    """Insert the job as running here, or take it where it stands."""
    values = {**job_values(new), "owner": taker.replica_id}
    times = connection.execute(_insert_running(connection.dialect.name, tuple(values)), values).one_or_none()
    if times is not None:
        job_details.add_labels(connection, new)
        job_details.add_routes(connection, new.job_id, new.routes)
        return Claim(fresh_job(new, State.RUNNING, times), token=1, claims=1, new=new)
    key = {"client": new.client, "request_id": new.request_id, "away_us": taker.lease.away_us}
    # Looked at first without a lock: who works on it writes its row, and neither shall wait for the other.
    seen = connection.execute(_SEEN_BY_REQUEST, key).one_or_none()
    row = seen if seen is None or _stands(seen, taker) else connection.execute(_BY_REQUEST, key).one_or_none()
    if row is None:  # it was forgotten between the statements: begin again
        return claim(connection, new, taker)
    if is_reused(row, new):
        return IdReused(row.job_id)
    return _claim_known(connection, row, taker, new)


def claim_stored(connection: Connection, job_id: str, taker: Taker) -> ClaimResult | None:
    """Take a job by its id, None if there is none."""
    key = {"job_id": job_id, "away_us": taker.lease.away_us}
    seen = connection.execute(_SEEN_BY_ID, key).one_or_none()
    row = seen if seen is None or _stands(seen, taker) else connection.execute(BY_ID, key).one_or_none()
    return None if row is None else _claim_known(connection, row, taker, None)


def known(connection: Connection, new: NewJob) -> Row[Any] | None:
    """Return the row of a request that came before, for a change of it."""
    key = {"client": new.client, "request_id": new.request_id}
    return connection.execute(_BY_REQUEST, key).one_or_none()


def is_reused(row: Row[Any], new: NewJob) -> bool:
    """Tell whether the id came before with other content; a cancel that came first has none."""
    return row.content_hash not in ("", new.content_hash)


def renew(connection: Connection, row: Row[Any], new: NewJob) -> None:
    """Let a repeat say how a job that nobody stands for any more is worked on: deadline, model, labels."""
    connection.execute(update(jobs).where(jobs.c.job_id == row.job_id), request_values(new))
    job_details.replace_labels(connection, row.job_id, new)


def _stands(row: Row[Any], taker: Taker) -> bool:
    """Tell whether a job has ended, or is worked on by somebody alive: by who asks, too, however late its heartbeat."""
    state = State(row.state)
    return state.is_end or (state is State.RUNNING and (row.is_live or row.owner == taker.replica_id))


def _claim_known(connection: Connection, row: Row[Any], taker: Taker, repeat: NewJob | None) -> ClaimResult:
    state = State(row.state)
    if state.is_end:
        return Recorded(job_of(row))
    if repeat is not None and (recorded := revisions.recorded(connection, row)):
        return Recorded(recorded)  # a person has it retried: until that ends, the outcome before it is the answer
    if state is State.RUNNING:
        if _stands(row, taker):
            return RunningNow(row.job_id, row.owner)
        connection.execute(_GIVE_BACK_ONE_LOST, {"lost_job": row.job_id})
    if row.claims == SUSPECT_CLAIMS and not taker.alone:
        return Suspect(row.job_id, row.task)
    if repeat is not None and row.origin == Origin.RUN:
        renew(connection, row, repeat)
    if repeat is not None:
        job_details.add_routes(connection, row.job_id, repeat.routes)
    return _take(connection, row.job_id, taker.replica_id)


def _take(connection: Connection, job_id: str, owner: str) -> Claim:
    row = connection.execute(_TAKE, {"taken_job": job_id, "taker": owner}).one()
    return Claim(
        job=job_of(row),
        token=row.token,
        claims=row.claims,
        new=new_of(row),
        work_seconds=us_to_seconds(row.work_us),
        calls=calls.stored_calls(connection, job_id),
        payload=job_details.payload(connection, job_id) if row.is_stored else None,
    )


def fence(claim: Claim) -> dict[str, object]:
    """Return the parameters of is_claimed."""
    return {"claimed_job": claim.job.job_id, "claimed_token": claim.token}


def release(connection: Connection, claim: Claim, *, worked_seconds: float, counted: bool) -> None:
    """Give a claimed job back as PENDING."""
    values = {**fence(claim), "uncounted": 0 if counted else 1, "worked_us": seconds_to_us(worked_seconds)}
    if connection.execute(_RELEASE, values).rowcount != 1:
        raise ClaimLostError


def undo_claim(connection: Connection, result: ClaimResult | None) -> None:
    """Give back what a caller claimed that was cancelled before it knew."""
    if isinstance(result, Claim):
        release(connection, result, worked_seconds=0.0, counted=False)


def set_version(connection: Connection, claim: Claim, task_version: str, task_hash: str) -> None:
    """Record the version of the task that works on the job."""
    values = {**fence(claim), "task_version": task_version, "task_hash": task_hash}
    if connection.execute(_SET_VERSION, values).rowcount != 1:
        raise ClaimLostError


def give_back_lost(connection: Connection, lease: Lease) -> int:
    """Give every running job of a lapsed replica back; returns how many."""
    return connection.execute(_GIVE_BACK_ALL_LOST, {"away_us": lease.away_us}).rowcount
