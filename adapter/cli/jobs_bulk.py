"""`adapter jobs retry | republish | purge`: finished jobs, by id or by filter. The running service does it."""

import functools
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from google.protobuf.timestamp_pb2 import Timestamp
from llm_adapter.v1 import admin_service_pb2, admin_service_pb2_grpc, job_pb2

from adapter.cli.bulk_run import Asked, BulkRun, Operation
from adapter.cli.configured import settings_of
from adapter.cli.console import output
from adapter.cli.exits import exit_codes
from adapter.cli.options import (
    AddressOption,
    ClientOption,
    ConfigOption,
    JsonOption,
    LabelOption,
    ReasonOption,
    SinceOption,
    StateOption,
    TaskOption,
    UntilOption,
    VerdictOption,
    labels_of,
)
from adapter.cli.remote import channel_to

Command = Callable[..., None]
_Stub = admin_service_pb2_grpc.AdminServiceStub

_RETRY = Operation(admin_service_pb2.RetryJobsRequest, lambda channel: _Stub(channel).RetryJobs, "retried")
_REPUBLISH = Operation(
    admin_service_pb2.RepublishJobsRequest, lambda channel: _Stub(channel).RepublishJobs, "to be sent again"
)
_PURGE = Operation(
    admin_service_pb2.PurgeJobsRequest, lambda channel: _Stub(channel).PurgeJobs, "erased", is_final=True
)


def add_bulk_commands(app: typer.Typer) -> None:
    """Add the three commands; they take the same options."""
    app.command("retry", help="Run finished jobs again as a new revision; by filter: FAILED ones, unless told.")(
        _command(_RETRY)
    )
    app.command("republish", help="Send stored results again, with the same message ids.")(_command(_REPUBLISH))
    app.command("purge", help="Erase finished jobs with all that hangs on them, for good.")(_command(_PURGE))


def asked_of(  # noqa: PLR0913, PLR0917 - one for each option of the commands
    job_id: Annotated[list[str] | None, typer.Argument(help="These jobs.")] = None,
    request_id: Annotated[
        list[str] | None, typer.Option("--request-id", help="The job of this request of --client; may repeat.")
    ] = None,
    task: TaskOption = "",
    state: StateOption = None,
    verdict: VerdictOption = None,
    reason: ReasonOption = "",
    client: ClientOption = "",
    label: LabelOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Change nothing; show which jobs are meant.")] = False,
    rate: Annotated[float, typer.Option("--rate", min=0.0, help="At most so many jobs a second; 0: no limit.")] = 0.0,
    resume: Annotated[str, typer.Option("--resume", help="Where a run was cut off, as it said.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before something is erased by filter.")] = False,
    address: AddressOption = "",
    config: ConfigOption = None,
    json: JsonOption = False,
) -> Asked:
    """Take what the command line says."""
    selection = admin_service_pb2.JobSelection(
        job_ids=job_id or (),
        request_ids=request_id or (),
        task=task,
        states=[job_pb2.State.Value(f"STATE_{one}") for one in state or ()],
        verdict=job_pb2.Verdict.Value(f"VERDICT_{verdict or 'UNSPECIFIED'}"),
        reason=reason.upper(),
        client=client,
        labels=labels_of(label),
        created_from=_timestamp(since),
        created_before=_timestamp(until),
    )
    if selection == admin_service_pb2.JobSelection():
        raise typer.BadParameter("name jobs by their ids, or by at least one filter", param_hint="JOB_ID")
    return Asked(selection, dry_run, rate, resume, is_confirmed=yes, address=address, config=config, json=json)


def _timestamp(local_time: datetime | None) -> Timestamp | None:
    if local_time is None:
        return None
    message = Timestamp()
    message.FromDatetime(local_time.astimezone(UTC))
    return message


def _command(operation: Operation) -> Command:
    @functools.wraps(asked_of)
    def command(*given: Any, **named: Any) -> None:
        asked = asked_of(*given, **named)
        if operation.is_final and not _is_confirmed(asked):
            raise typer.Abort
        with exit_codes(), channel_to(settings_of(asked.config, quiet=True), asked.address) as channel:
            BulkRun(operation, asked).run(channel)

    return command


def _is_confirmed(asked: Asked) -> bool:
    """Whoever names jobs, or a program, means it; a person with a filter is asked on the terminal."""
    chosen = asked.selection
    if asked.is_confirmed or asked.dry_run or chosen.job_ids or chosen.request_ids or not output.is_terminal:
        return True
    return typer.confirm("Erase every finished job that the filter lets through? (--dry-run shows them)")
