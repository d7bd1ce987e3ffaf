"""`adapter jobs`: the memory. list and show read the database; what changes something asks the running service."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import typer
from llm_adapter.v1 import job_pb2, job_service_pb2, job_service_pb2_grpc

from adapter.bootstrap.core import build_store
from adapter.cli.configured import settings_of
from adapter.cli.console import plain, print_json, print_json_bytes, print_text
from adapter.cli.exits import exit_codes
from adapter.cli.jobs_bulk import add_bulk_commands
from adapter.cli.options import (
    AddressOption,
    ClientOption,
    ConfigOption,
    JsonOption,
    LabelOption,
    LimitOption,
    ReasonOption,
    SinceOption,
    StateOption,
    TaskOption,
    UntilOption,
    VerdictOption,
    labels_of,
)
from adapter.cli.remote import TIMEOUT_SECONDS, channel_to
from adapter.cli.story import Story
from adapter.cli.tables import Column, print_table
from adapter.domain.client import DEFAULT_CLIENT
from adapter.domain.job import Job
from adapter.errors import JobNotFound
from adapter.outbound.sql.store import SqlJobStore
from adapter.ports import JobFilter
from adapter.service.envelope import envelope_of
from adapter.settings import Settings

app = typer.Typer(no_args_is_help=True)
add_bulk_commands(app)
T = TypeVar("T")

_COLUMNS = (
    Column("job"),
    Column("request", rank=1),
    Column("task", rank=2),
    Column("state"),
    Column("verdict or reason", rank=3),
    Column("created", rank=4),
    Column("calls", rank=6),
    Column("tokens", rank=7),
    Column("seconds", rank=5),
)


@app.command("list")
def list_jobs(
    task: TaskOption = "",
    state: StateOption = None,
    verdict: VerdictOption = None,
    reason: ReasonOption = "",
    client: ClientOption = "",
    label: LabelOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    limit: LimitOption = 50,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """List jobs, newest first."""
    with exit_codes():
        selection = JobFilter(
            task=task,
            states=state or (),
            verdict=verdict,
            reason=reason.upper(),
            client=client,
            labels=labels_of(label),
            created_from=since.astimezone() if since else None,
            created_before=until.astimezone() if until else None,
        )
        settings = settings_of(config, quiet=True)
        jobs, _ = asyncio.run(_read(settings, lambda store: store.list(selection, page_size=limit)))
        if json:
            print_json_bytes(b"[" + b",".join(envelope_of(job) for job in jobs) + b"]")
        else:
            print_table(_COLUMNS, [_cells(job) for job in jobs])


async def _read(settings: Settings, question: Callable[[SqlJobStore], Awaitable[T]]) -> T:
    store = build_store(settings)
    await store.open(read_only=True)
    try:
        return await question(store)
    finally:
        await store.close()


def _cells(job: Job) -> tuple[str, ...]:
    return (
        job.job_id,
        job.request_id,
        job.task,
        job.state,
        job.error.reason if job.error else job.result.verdict.value if job.result else "",
        f"{job.create_time.astimezone():%Y-%m-%d %H:%M:%S}",
        str(job.usage.model_calls),
        f"{job.usage.input_tokens}+{job.usage.output_tokens}",
        f"{(job.finish_time - job.create_time).total_seconds():.1f}" if job.finish_time else "",
    )


@app.command("show")
def show(
    job_id: Annotated[str, typer.Argument(help="Job id, or a request id of --client.")],
    client: Annotated[str, typer.Option("--client", help="Whose request it is.")] = DEFAULT_CLIENT,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Tell a job's story: how it came, waits, each call with prompt and reply, verdict, publications, revisions."""
    with exit_codes():
        settings = settings_of(config, quiet=True)

        async def tell(store: SqlJobStore) -> None:
            job = await store.get(job_id) or await store.find(client, job_id)
            if job is None:
                raise JobNotFound(metadata={"job_id": job_id})
            history = await store.operators.history(job.job_id)
            if history is None:
                raise JobNotFound(metadata={"job_id": job_id})
            calls = await store.calls(job.job_id)
            story = Story(job, calls, await store.publications_of(job.job_id), history)
            if json:
                print_json(story.document())
            else:
                story.print()

        asyncio.run(_read(settings, tell))


@app.command("cancel")
def cancel(
    job_id: Annotated[str, typer.Argument(help="Job id.")] = "",
    request_id: Annotated[str, typer.Option("--request-id", help="Instead of the job id.")] = "",
    allow_missing: Annotated[
        bool, typer.Option("--allow-missing", help="Also a request (by its id) that has not arrived yet.")
    ] = False,
    address: AddressOption = "",
    config: ConfigOption = None,
) -> None:
    """Stop a job, and say how it stands; an outcome that is stored already stays."""
    if bool(job_id) == bool(request_id):
        raise typer.BadParameter("name the job by its id or by --request-id, not both", param_hint="JOB_ID")
    with exit_codes(), channel_to(settings_of(config, quiet=True), address) as channel:
        key = {"request_id": request_id} if request_id else {"job_id": job_id}
        request = job_service_pb2.CancelJobRequest(allow_missing=allow_missing, **key)
        job = job_service_pb2_grpc.JobServiceStub(channel).CancelJob(request, timeout=TIMEOUT_SECONDS).job
        print_text(f"{plain(job.job_id)} {job_pb2.State.Name(job.state).removeprefix('STATE_')}")
