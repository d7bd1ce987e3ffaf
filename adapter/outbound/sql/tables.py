"""The tables of the memory. Times are integers: microseconds since 1970, UTC, by the database's clock.

JSON columns are TEXT written by json_text; NULL there means empty. Portable to SQLite and PostgreSQL.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

# What a revision has of its own, and what is kept of it once there is a newer one.
REVISION_COLUMNS = (
    "origin",
    "state",
    "task_version",
    "task_hash",
    "start_time",
    "finish_time",
    "verdict",
    "reason",
    "result",
    "result_type",
    "changes",
    "findings",
    "error",
    "usage",
    "attempts",
    "remark",
)
CALL_COLUMNS = (
    "token",
    "model",
    "start_time",
    "sent_time",
    "is_ended",
    "duration_us",
    "error",
    "turns",
    "reply",
    "reply_facts",
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _job_key() -> Column[str]:
    return Column("job_id", Text, ForeignKey("jobs.job_id", ondelete="CASCADE"), primary_key=True)


def _partial_index(name: str | None, *columns: str, where: str) -> Index:
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


jobs = Table(
    "jobs",
    metadata,
    Column("job_id", Text, primary_key=True),
    Column("client", Text, nullable=False),
    Column("request_id", Text),  # NULL: none was given, nothing is deduplicated
    Column("content_hash", Text, nullable=False),  # "": cancelled before the request arrived
    Column("origin", Text, nullable=False),
    Column("task", Text, nullable=False),
    Column("task_ref", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("labels", Text),
    Column("deadline", BigInteger),
    Column("traceparent", Text, nullable=False),
    Column("tracestate", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("owner", Text),  # replica that runs it; set only while RUNNING
    Column("token", Integer, nullable=False),  # fencing token: grows with each claim
    Column("claims", Integer, nullable=False),  # claims without an end
    Column("work_us", BigInteger, nullable=False),  # time worked on it by ended runs
    Column("is_stored", Boolean, nullable=False),  # has a payload or routes of its own
    Column("cancel_time", BigInteger),  # when its owner was asked to stop
    Column("task_version", Text, nullable=False),
    Column("task_hash", Text, nullable=False),
    Column("create_time", BigInteger, nullable=False),
    Column("start_time", BigInteger),
    Column("finish_time", BigInteger),
    Column("verdict", Text),
    Column("reason", Text),
    Column("result", LargeBinary),
    Column("result_type", Text),
    Column("changes", Text),
    Column("findings", Text),
    Column("error", Text),
    Column("usage", Text),
    Column("attempts", Text),  # written with the outcome; until then they follow from the calls
    Column("remark", Text),
    UniqueConstraint("client", "request_id"),
    Index(None, "create_time", "job_id"),
    Index(None, "task", "create_time", "job_id"),
    _partial_index(None, "finish_time", where="finish_time IS NOT NULL"),
    _partial_index(None, "owner", where="state = 'RUNNING'"),
    _partial_index("ix_jobs_pending", "create_time", "job_id", where="state = 'PENDING'"),
)

job_labels = Table(
    "job_labels",
    metadata,
    _job_key(),
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
    Index(None, "key", "value"),
)

job_routes = Table(
    "job_routes",
    metadata,
    _job_key(),
    Column("route", Text, primary_key=True),  # JSON: exchange, routing key, correlation id, mandatory
)

payloads = Table(
    "payloads",
    metadata,
    _job_key(),
    Column("content", LargeBinary, nullable=False),
    Column("content_type", Text, nullable=False),
    Column("charset", Text, nullable=False),
)

calls = Table(
    "calls",
    metadata,
    _job_key(),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("token", Integer, nullable=False),  # the run that made it
    Column("model", Text, nullable=False),
    Column("start_time", BigInteger, nullable=False),  # by the caller's clock
    Column("sent_time", BigInteger, nullable=False),
    Column("is_ended", Boolean, nullable=False),
    Column("duration_us", BigInteger, nullable=False),
    Column("error", Text, nullable=False),
    Column("turns", Text),  # JSON: the prompt; NULL once retention dropped it
    Column("reply", Text),  # JSON: text and refusal as they came; NULL once retention dropped them
    Column("reply_facts", Text),  # JSON: everything else of the reply
    _partial_index(None, "sent_time", where="turns IS NOT NULL"),
)

# Outcomes that a newer revision took the place of; the newest revision is the job's row itself.
revisions = Table(
    "revisions",
    metadata,
    _job_key(),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("retry_time", BigInteger, nullable=False),  # when the next revision was made
    *(Column(jobs.c[name].name, jobs.c[name].type, nullable=jobs.c[name].nullable) for name in REVISION_COLUMNS),
)

# Calls of earlier revisions. They leave `calls`, so that whoever works on a revision begins anew.
past_calls = Table(
    "past_calls",
    metadata,
    _job_key(),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    *(Column(calls.c[name].name, calls.c[name].type, nullable=calls.c[name].nullable) for name in CALL_COLUMNS),
    _partial_index(None, "sent_time", where="turns IS NOT NULL"),
)

# What a job waited for, where that took a while.
waits = Table(
    "waits",
    metadata,
    _job_key(),
    Column("since", BigInteger, primary_key=True, autoincrement=False),
    Column("revision", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("until", BigInteger),  # NULL: it waits still, or its worker died
)

publications = Table(
    "publications",
    metadata,
    Column("publication_id", Text, primary_key=True),
    Column("job_id", Text, nullable=False),  # "": answers a request that never became a job
    Column("envelope", Text, nullable=False),  # JSON: address and properties
    Column("body", LargeBinary, nullable=False),  # emptied once it is confirmed
    Column("state", Text, nullable=False),
    Column("owner", Text),  # replica that sends it; NULL: whoever comes after next_time
    Column("tries", Integer, nullable=False),
    Column("create_time", BigInteger, nullable=False),
    Column("next_time", BigInteger, nullable=False),
    Column("sent_time", BigInteger),
    Column("detail", Text, nullable=False),  # what the last try met
    Index(None, "job_id"),
    _partial_index(None, "next_time", where="state = 'PENDING'"),
)

parked = Table(
    "parked",
    metadata,
    Column("parked_id", Text, primary_key=True),
    Column("envelope", Text, nullable=False),  # JSON: where it came by, and its properties with every AMQP type
    Column("body", LargeBinary, nullable=False),
    Column("reason", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("job_id", Text, nullable=False),
    Column("task", Text, nullable=False),
    Column("client", Text, nullable=False),
    Column("park_time", BigInteger, nullable=False),
    Column("replay_time", BigInteger),
    Index(None, "park_time", "parked_id"),
    _partial_index(None, "job_id", where="job_id <> ''"),
)

replicas = Table(
    "replicas",
    metadata,
    Column("replica_id", Text, primary_key=True),
    Column("beat_time", BigInteger, nullable=False),
    Column("lease_until", BigInteger, nullable=False),
)

shares = Table(
    "shares",
    metadata,
    Column("limit_name", Text, primary_key=True),
    Column("replica_id", Text, primary_key=True),
    Column("held", BigInteger, nullable=False),  # the most that its calls of the window come to
    Column("used", BigInteger, nullable=False),
    Column("wanted", BigInteger, nullable=False),
    Column("next_amount", BigInteger, nullable=False),  # needed by its first in line
    Column("waiting_since", BigInteger, nullable=False),  # when that one's request came
    Column("live_until", BigInteger, nullable=False),  # until then it may spend
    Column("keep_until", BigInteger, nullable=False),  # until then its calls may count at the endpoint
)
