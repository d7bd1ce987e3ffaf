"""`adapter jobs`: the memory. list and show read the database; cancel asks the running service."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, TypeVar

import typer
from google.protobuf.json_format import MessageToDict
from llm_adapter.v1 import job_service_pb2, job_service_pb2_grpc
from rich.table import Table

from adapter.bootstrap.core import build_store
from adapter.cli.console import output, print_bytes, print_json
from adapter.cli.exits import exit_codes
from adapter.cli.options import AddressOption, ConfigOption, JsonOption, settings_of
from adapter.cli.remote import TIMEOUT_SECONDS, channel_to
from adapter.cli.story import print_story, story_document
from adapter.domain.job import Job, State, Verdict
from adapter.errors import JobNotFound
from adapter.outbound.sql.store import SqlJobStore
from adapter.ports import JobFilter
from adapter.service.envelope import envelope_of
from adapter.settings import Settings

app = typer.Typer(help="Jobs in the memory.", no_args_is_help=True)
T = TypeVar("T")


@app.command("list")
def list_jobs(
    task: Annotated[str, typer.Option("--task")] = "",
    state: Annotated[list[State] | None, typer.Option("--state", help="May repeat.")] = None,
    verdict: Annotated[Verdict | None, typer.Option("--verdict")] = None,
    reason: Annotated[str, typer.Option("--reason")] = "",
    client: Annotated[str, typer.Option("--client")] = "",
    label: Annotated[list[str] | None, typer.Option("--label", help="name=value, may repeat.")] = None,
    since: Annotated[datetime | None, typer.Option("--since")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000)] = 50,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """List jobs, newest first."""
    with exit_codes():
        selection = JobFilter(
            task=task,
            states=state or (),
            verdict=verdict,
            reason=reason,
            client=client,
            labels=dict(text.partition("=")[::2] for text in label or []),
            created_from=since.astimezone() if since else None,
        )
        settings = settings_of(config, quiet=True)
        jobs, _ = asyncio.run(_read(settings, lambda store: store.list(selection, page_size=limit)))
        if json:
            for job in jobs:
                print_bytes(envelope_of(job))
        else:
            _print_table(list(jobs))


async def _read(settings: Settings, question: Callable[[SqlJobStore], Awaitable[T]]) -> T:
    store = build_store(settings)
    await store.open(read_only=True)
    try:
        return await question(store)
    finally:
        await store.close()


def _print_table(jobs: list[Job]) -> None:
    table = Table()
    for heading in ("created", "job", "request", "task", "state", "verdict or reason", "calls", "tokens", "seconds"):
        table.add_column(heading, overflow="fold")
    for job in jobs:
        said = job.error.reason if job.error else job.result.verdict.value if job.result else ""
        seconds = f"{(job.finish_time - job.create_time).total_seconds():.1f}" if job.finish_time else ""
        tokens = f"{job.usage.input_tokens}+{job.usage.output_tokens}"
        created = f"{job.create_time.astimezone():%Y-%m-%d %H:%M:%S}"
        table.add_row(
            created, job.job_id, job.request_id, job.task, job.state, said, str(job.usage.model_calls), tokens, seconds
        )
    output.print(table)


@app.command("show")
def show(
    job_id: Annotated[str, typer.Argument(help="Job id, or the request id of the client `default`.")],
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Tell a job's story: how it came, each call with prompt and reply, verdict, publications."""
    with exit_codes():
        settings = settings_of(config, quiet=True)

        async def tell(store: SqlJobStore) -> None:
            job = await store.get(job_id) or await store.find("default", job_id)
            if job is None:
                raise JobNotFound(metadata={"job_id": job_id})
            calls = await store.calls(job.job_id)
            publications = await store.publications_of(job.job_id)
            if json:
                print_json(story_document(job, calls, publications))
            else:
                print_story(job, calls, publications)

        asyncio.run(_read(settings, tell))


@app.command("cancel")
def cancel(
    job_id: Annotated[str, typer.Argument(help="Job id.")] = "",
    request_id: Annotated[str, typer.Option("--request-id", help="Instead of the job id.")] = "",
    allow_missing: Annotated[bool, typer.Option("--allow-missing", help="Also before the request arrives.")] = False,
    address: AddressOption = "",
    config: ConfigOption = None,
) -> None:
    """Stop a job; an outcome that is stored already stays. Prints the job as JSON."""
    with exit_codes(), channel_to(settings_of(config, quiet=True), address) as channel:
        stub = job_service_pb2_grpc.JobServiceStub(channel)
        request = job_service_pb2.CancelJobRequest(allow_missing=allow_missing)
        if request_id:
            request.request_id = request_id
        else:
            request.job_id = job_id
        response = stub.CancelJob(request, timeout=TIMEOUT_SECONDS)
        print_json(MessageToDict(response.job, preserving_proto_field_name=True))
