"""Jobs that the memory itself stands for: submitted ones, and held ones that became tickets."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, select, update
from sqlalchemy.sql.dml import ReturningInsert

from adapter.domain.job import Job, Origin, Route, State
from adapter.domain.message import ParkedMessage, Publication
from adapter.domain.payload import Payload
from adapter.domain.publication import ticket_for
from adapter.outbound.sql import claims, job_details, parked, publications, revisions
from adapter.outbound.sql.rows import fresh_job, job_of, job_values
from adapter.outbound.sql.statements import PENDING, insert_job, is_claimed
from adapter.outbound.sql.tables import jobs
from adapter.ports import Claim, ClaimLostError, IdReused, NewJob

_PROMOTE = update(jobs).where(jobs.c.job_id == bindparam("of_job")).values(origin=str(Origin.SUBMITTED))
_TO_TICKET = claims.GIVE_BACK.where(is_claimed()).values(claims=jobs.c.claims - 1)
_FORGET = delete(jobs).where(is_claimed(), jobs.c.origin == bindparam("claimed_origin"))
_RECOVERABLE = (
    select(jobs.c.job_id)
    .where(jobs.c.state == PENDING, jobs.c.origin == str(Origin.SUBMITTED))
    .order_by(jobs.c.create_time, jobs.c.job_id)
    .limit(bindparam("limit"))
)


@cache
def _insert_pending(dialect_name: str, given: tuple[str, ...]) -> ReturningInsert[Any]:
    return insert_job(
        dialect_name,
        given,
        state=PENDING,
        token=0,
        claims=0,
        is_stored=True,
    ).returning(jobs.c.create_time, jobs.c.start_time)


def submit(
    connection: Connection,
    new: NewJob,
    payload: Payload,
    routes: Sequence[Route],
    ticket: Publication | None,
    owner: str,
) -> Job | IdReused:
    """Store a job PENDING, or add routes to it if it is known and open."""
    values = job_values(new)
    times = connection.execute(_insert_pending(connection.dialect.name, tuple(values)), values).one_or_none()
    if times is not None:
        job_details.add_labels(connection, new)
        job_details.store(connection, new.job_id, payload, routes)
        publications.store(connection, [ticket] if ticket else [], owner)
        return fresh_job(new, State.PENDING, times)
    row = claims.known(connection, new)
    if row is None:  # it was forgotten between the two statements: begin again
        return submit(connection, new, payload, routes, ticket, owner)
    if claims.is_reused(row, new):
        return IdReused(row.job_id)
    job = revisions.recorded(connection, row) or job_of(row)
    if not job.state.is_end:
        _join(connection, row, new, payload, routes, ticket)
    return job


def _join(
    connection: Connection,
    row: Row[Any],
    new: NewJob,
    payload: Payload,
    routes: Sequence[Route],
    ticket: Publication | None,
) -> None:
    """Let an open job answer one more submission; from now on the memory stands for it.

    Its ticket belongs to nobody, so that the relay finds it: the caller only knows of jobs that it made.
    """
    if row.origin == Origin.SUBMITTED:
        job_details.add_routes(connection, row.job_id, routes)
        return
    if row.origin == Origin.RUN and row.state == State.PENDING:
        claims.renew(connection, row, new)
    job_details.store(connection, row.job_id, payload, routes)
    connection.execute(_PROMOTE, {"of_job": row.job_id})
    publications.store(connection, [ticket_for(ticket, row.job_id)] if ticket else [], None)


def to_ticket(
    connection: Connection, claim: Claim, payload: Payload, routes: Sequence[Route], ticket: Publication, owner: str
) -> None:
    """Turn a claim into a stored PENDING job that a ticket stands for."""
    if connection.execute(_TO_TICKET, claims.fence(claim)).rowcount != 1:
        raise ClaimLostError
    job_details.store(connection, claim.job.job_id, payload, routes)
    publications.store(connection, [ticket], owner)


def discard(
    connection: Connection,
    claim: Claim | None,
    answers: Sequence[Publication],
    parked_message: ParkedMessage | None,
    owner: str,
) -> None:
    """Forget a refused request, and store what answers for it, which belongs to no job."""
    if claim is not None:
        forgotten = connection.execute(_FORGET, {**claims.fence(claim), "claimed_origin": str(claim.new.origin)})
        if forgotten.rowcount != 1:  # it was submitted meanwhile, and the memory stands for it; or the claim is lost
            claims.release(connection, claim, worked_seconds=0.0, counted=False)
        elif claim.payload is not None:
            publications.forget_job(connection, claim.job.job_id)  # its ticket
    publications.say_remarks(connection, answers)
    publications.store(connection, [replace(item, job_id="") for item in answers], owner)
    parked.park(connection, parked_message)


def recoverable(connection: Connection, limit: int) -> list[str]:
    """Return ids of submitted jobs that wait, oldest first."""
    return list(connection.execute(_RECOVERABLE, {"limit": limit}).scalars())
