"""A job's story for people: a timeline, each call with prompt and reply, what was published."""

from collections.abc import Mapping, Sequence
from typing import Any

from adapter.cli.console import indented, plain, print_block, print_text
from adapter.domain import exact_json
from adapter.domain.job import Job
from adapter.ports import CallDetail
from adapter.service.envelope import envelope_of


def story_document(job: Job, calls: Sequence[CallDetail], publications: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The same for programs."""
    return {
        "job": exact_json.loads(envelope_of(job)),
        "calls": [_call_document(detail) for detail in calls],
        "publications": [{key: _plain(value) for key, value in row.items()} for row in publications],
    }


def _call_document(detail: CallDetail) -> dict[str, Any]:
    call = detail.call
    return {
        "number": call.number,
        "model": call.model,
        "start_time": call.start_time.isoformat(),
        "duration_seconds": call.duration_seconds,
        "prompt": [{"role": turn.role, "content": turn.content} for turn in detail.turns],
        "reply": call.reply.text if call.reply else None,
        "finish_reason": call.reply.finish_reason.value if call.reply else None,
        "error": call.error,
    }


def _plain(value: object) -> object:
    return value if isinstance(value, (str, int, bool, type(None))) else str(value)


def print_story(job: Job, calls: Sequence[CallDetail], publications: Sequence[Mapping[str, Any]]) -> None:
    """Print it."""
    print_text(f"[bold]{plain(job.task)}@{job.task_version}[/]  job {job.job_id}  request {plain(job.request_id)}")
    print_text(f"  created   {job.create_time.astimezone():%Y-%m-%d %H:%M:%S}  client {plain(job.client)}")
    for detail in calls:
        _print_call(detail)
    _print_end(job)
    for row in publications:
        fields = "  ".join(f"{key}={_plain(value)}" for key, value in row.items())
        print_text(f"  publication  {plain(fields)}")


def _print_call(detail: CallDetail) -> None:
    call = detail.call
    ended = "lost: its worker died" if not call.error else call.error
    if call.reply is not None:
        usage = call.reply.usage
        ended = f"{call.reply.finish_reason.value}, {usage.input_tokens}+{usage.output_tokens} tokens"
    print_text(
        f"  call {call.number}    {call.start_time.astimezone():%H:%M:%S}  {plain(call.model)}  "
        f"{call.duration_seconds:.2f} s  {plain(ended)}",
    )
    for turn in detail.turns:
        print_block(turn.role, turn.content)
    if call.reply is not None and call.reply.text is not None:
        print_block("reply", _readable(call.reply.text))


def _print_end(job: Job) -> None:
    if job.error is not None:
        print_text(f"  [red]{job.state} {job.error.reason}[/] {plain(job.error.message)}")
        for violation in job.error.violations:
            print_text(f"    {plain(violation.pointer or '/')}: {plain(violation.message)}")
    elif job.result is not None:
        print_text(f"  [green]{job.state} {job.result.verdict}[/]")
        for change in job.result.changes:
            print_text(f"    changed {plain(change.pointer)} by {change.rule}")
        for finding in job.result.findings:
            print_text(f"    found {finding.code} {plain(finding.pointer)}: {plain(finding.message)}")
        print_block("output", indented(job.result.content.decode()))
    else:
        print_text(f"  {job.state}")
    if job.remark is not None:
        print_text(f"  [yellow]{job.remark.reason}[/] {plain(job.remark.message)}")


def _readable(reply: str) -> str:
    """JSON indented, other text as it is."""
    try:
        exact_json.loads(reply)
    except exact_json.JsonError:
        return reply
    return indented(reply)
