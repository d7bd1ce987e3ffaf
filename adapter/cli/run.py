"""`adapter run TASK FILE`: one job in this process, no server, its memory a temporary SQLite."""

import asyncio
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from pydantic import SecretStr

from adapter.bootstrap.catalogue import read_catalogue
from adapter.bootstrap.core import Core, build_core, build_store
from adapter.bootstrap.models import build_models, close_models
from adapter.cli.configured import settings_of, with_cassettes
from adapter.cli.console import print_json_bytes
from adapter.cli.exits import Exit, exit_codes, fail, fail_with_reason
from adapter.cli.options import ConfigOption, RecordOption, ReplayOption, TasksOption, labels_of
from adapter.domain.job import Job, JobRequest
from adapter.domain.payload import Payload
from adapter.errors import JobFailure, ReviewNeeded
from adapter.outbound.metrics import Metrics
from adapter.service.api import Caller
from adapter.service.envelope import envelope_of
from adapter.settings import Database, Settings
from adapter.tasks.catalogue import Catalogue


def command(
    task: Annotated[str, typer.Argument(help="classify-ticket, classify-ticket@1 or classify-ticket@1.0.0")],
    file: Annotated[Path, typer.Argument(help="The payload.", exists=True, dir_okay=False)],
    model: Annotated[str, typer.Option("--model", help="Any configured model. Default: the task's own.")] = "",
    content_type: Annotated[str, typer.Option("--content-type", help="Default: the task's input.assume.")] = "",
    charset: Annotated[str, typer.Option("--charset", help="Default: as the payload or the task says.")] = "",
    label: Annotated[list[str] | None, typer.Option("--label", help="name=value, may repeat.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the whole job.")] = False,
    record: RecordOption = None,
    replay: ReplayOption = None,
    config: ConfigOption = None,
    tasks: TasksOption = None,
) -> None:
    """Run one job and print the output document; exit 1 with the reason on stderr when it fails or needs review."""
    with exit_codes():
        settings = with_cassettes(settings_of(config, quiet=True), record, replay)
        catalogue = read_catalogue(settings, tasks)
        if model and model not in settings.models:
            known = ", ".join(sorted(settings.models))
            fail(f"--model: no model {model!r} is configured. Configured are: {known}.", Exit.WRONG_USAGE)
        payload = Payload(file.read_bytes(), content_type, charset)
        request = JobRequest("default", task, payload, request_id="run", labels=labels_of(label), accept_review=True)
        job = asyncio.run(_run(settings, catalogue, request, model))
        _print(job, whole=json)


async def _run(settings: Settings, catalogue: Catalogue, request: JobRequest, model: str) -> Job:
    metrics = Metrics()
    # Only what may be called is built: the keys of other models need not be there. --model may name any, whatever the
    # task allows: it then stands for the first in use.
    options = catalogue.resolve(request.task).definition.model
    called = (model,) if model else options.use
    chosen = settings.model_copy(update={"models": {name: settings.models[name] for name in called}})
    models = build_models(chosen, catalogue, metrics)
    if model:
        models = dict.fromkeys(settings.models, models[model])
    with tempfile.TemporaryDirectory(prefix="adapter-run-") as folder:
        private = settings.model_copy(
            update={"database": Database(url=SecretStr(f"sqlite:///{folder}/run.db")), "amqp": None}
        )
        core = build_core(private, catalogue, models, metrics, build_store(private))
        await core.store.open()
        try:
            await core.store.heartbeat()
            return await _outcome(core, request)
        finally:
            await core.store.close()
            await close_models(models)


async def _outcome(core: Core, request: JobRequest) -> Job:
    """The job with its outcome, also a failed one; an error that records nothing is raised."""
    try:
        return await core.jobs.run(request, timeout_seconds=None)
    except JobFailure as exc:
        return await core.jobs.get(Caller(), job_id=exc.metadata["job_id"])


def _print(job: Job, *, whole: bool) -> None:
    if whole:
        print_json_bytes(envelope_of(job))
    elif job.result is not None:
        print_json_bytes(job.result.content)
    if job.error is not None:
        fail_with_reason(job.error.reason, job.error.message, job.error.violations)
    if job.wire_outcome == "review" and job.result is not None:
        findings = [f"  {one.code} {one.pointer or '/'}: {one.message}" for one in job.result.findings]
        fail("\n".join([f"REVIEW_NEEDED: {ReviewNeeded().message}", *findings]), Exit.JOB_FAILED)
