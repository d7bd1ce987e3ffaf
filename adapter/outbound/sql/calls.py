"""Model calls: a row when sent, its end when the reply or error came; what is left open was lost with its worker."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from sqlalchemy import Connection, Insert, Row, and_, bindparam, literal, select, update

from adapter.domain.job import Attempt
from adapter.domain.model import FinishReason, Reply, Turn
from adapter.domain.usage import Usage
from adapter.outbound.sql import json_text, tables
from adapter.outbound.sql.dialect import insert_into, now_us
from adapter.outbound.sql.rows import usage_of
from adapter.outbound.sql.statements import is_claimed
from adapter.outbound.sql.times import from_us, seconds_to_us, to_us, us_to_seconds
from adapter.ports import CallDetail, Claim, ClaimLostError, StoredCall

LOST = "lost"  # finish reason of an attempt whose worker died

_CALLS = tables.calls


@cache
def _started(dialect_name: str) -> Insert:
    """Insert from the job's row, which is what fences a call: no row, no call. The same call may be written again."""
    statement = insert_into(_CALLS, dialect_name).from_select(
        ["job_id", "number", "token", "model", "start_time", "sent_time", "is_ended", "duration_us", "error", "turns"],
        select(
            tables.jobs.c.job_id,
            bindparam("number", type_=_CALLS.c.number.type),
            tables.jobs.c.token,
            bindparam("model", type_=_CALLS.c.model.type),
            bindparam("start_time", type_=_CALLS.c.start_time.type),
            now_us(),
            literal(value=False),
            literal(0),
            literal(""),
            bindparam("turns", type_=_CALLS.c.turns.type),
        )
        .where(is_claimed())
        .with_for_update(),
    )
    # A write whose COMMIT was not answered may have happened, and comes again.
    again = statement.on_conflict_do_update(
        index_elements=["job_id", "number"],
        set_={"sent_time": statement.excluded.sent_time},
        where=and_(_CALLS.c.token == statement.excluded.token, ~_CALLS.c.is_ended),
    )
    return again.execution_options(preserve_rowcount=True)


_ENDED = (
    update(_CALLS)
    .where(
        _CALLS.c.job_id == bindparam("claimed_job"),
        _CALLS.c.number == bindparam("call_number"),
        _CALLS.c.token == bindparam("claimed_token"),
        select(tables.jobs.c.job_id).where(is_claimed()).exists(),
    )
    .values(is_ended=True)
)
_OF_JOB = select(_CALLS).where(_CALLS.c.job_id == bindparam("of_job")).order_by(_CALLS.c.number)


def call_started(connection: Connection, claim: Claim, call: StoredCall, turns: Sequence[Turn]) -> None:
    """Write a call before it is sent."""
    values = {
        "claimed_job": claim.job.job_id,
        "claimed_token": claim.token,
        "number": call.number,
        "model": call.model,
        "start_time": to_us(call.start_time),
        "turns": json_text.write(turns),
    }
    if connection.execute(_started(connection.dialect.name), values).rowcount != 1:
        raise ClaimLostError


def call_ended(connection: Connection, claim: Claim, call: StoredCall) -> None:
    """Write what came of a call."""
    values = {
        "claimed_job": claim.job.job_id,
        "claimed_token": claim.token,
        "call_number": call.number,
        "duration_us": seconds_to_us(call.duration_seconds),
        "error": json_text.storable(call.error),
        "reply": None,
        "reply_facts": None,
    }
    if call.reply is not None:
        values["reply"] = json_text.write({"text": call.reply.text, "refusal": call.reply.refusal})
        values["reply_facts"] = json_text.write(replace(call.reply, text=None, refusal=""))
    if connection.execute(_ENDED, values).rowcount != 1:
        raise ClaimLostError


def stored_calls(connection: Connection, job_id: str) -> tuple[StoredCall, ...]:
    """Return the calls of a job that nobody runs; those without an end were lost."""
    return tuple(_call_of(row) for row in connection.execute(_OF_JOB, {"of_job": job_id}))


def call_details(connection: Connection, job_id: str) -> Sequence[CallDetail]:
    """Return the calls of a job with their prompts."""
    rows = connection.execute(_OF_JOB, {"of_job": job_id})
    return [detail_of(row) for row in rows]


def detail_of(row: Row[Any]) -> CallDetail:
    """Return a call with its prompt."""
    return CallDetail(_call_of(row), _turns_of(row))


def attempts(connection: Connection, job_id: str, *, running_token: int | None) -> tuple[Attempt, ...]:
    """Return the attempts of a job without an outcome; a call of the running token is in flight, not lost."""
    rows = connection.execute(_OF_JOB, {"of_job": job_id})
    calls = [_call_of(row) for row in rows if row.is_ended or row.token != running_token]
    return tuple(_attempt_of(call) for call in calls if not call.error)


def usage(connection: Connection, job_id: str) -> Usage:
    """Return what the calls of a job used."""
    calls = stored_calls(connection, job_id)
    total = sum((call.reply.usage for call in calls if call.reply is not None), start=Usage())
    return replace(total, model_calls=len(calls), model_seconds=sum(call.duration_seconds for call in calls))


def _call_of(row: Row[Any]) -> StoredCall:
    return StoredCall(
        number=row.number,
        model=row.model,
        start_time=from_us(row.start_time),
        duration_seconds=us_to_seconds(row.duration_us),
        reply=_reply_of(row),
        error=row.error,
    )


def _reply_of(row: Row[Any]) -> Reply | None:
    if row.reply_facts is None:
        return None
    facts = json_text.read(row.reply_facts)
    words = json_text.read(row.reply) if row.reply is not None else {"text": None, "refusal": ""}
    converted = {
        "finish_reason": FinishReason(facts["finish_reason"]),
        "usage": usage_of(facts["usage"]),
        "unsent_parameters": tuple(facts["unsent_parameters"]),
    }
    return Reply(**{**facts, **words, **converted})


def _turns_of(row: Row[Any]) -> tuple[Turn, ...]:
    return tuple(Turn(**turn) for turn in json_text.read_some(row.turns))


def _attempt_of(call: StoredCall) -> Attempt:
    reply = call.reply
    if reply is None:
        return Attempt(call.model, "", "", "", LOST, Usage(model_calls=1), call.start_time, call.duration_seconds)
    return Attempt(
        model=call.model,
        served_model=reply.served_model,
        system_fingerprint=reply.system_fingerprint,
        mode=reply.mode,
        finish_reason=str(reply.finish_reason),
        usage=reply.usage,
        start_time=call.start_time,
        duration_seconds=call.duration_seconds,
        unsent_parameters=reply.unsent_parameters,
    )
