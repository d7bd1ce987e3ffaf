"""A job's story for people: a timeline, each call with prompt and reply, what was published."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from rich.markup import escape
from rich.panel import Panel

from adapter.cli.console import output
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
    output.print(f"[bold]{escape(job.task)}@{job.task_version}[/]  job {job.job_id}  request {escape(job.request_id)}")
    output.print(f"  created   {job.create_time.astimezone():%Y-%m-%d %H:%M:%S}  client {escape(job.client)}")
    for detail in calls:
        _print_call(detail)
    _print_end(job)
    for row in publications:
        fields = "  ".join(f"{key}={_plain(value)}" for key, value in row.items())
        output.print(f"  publication  {escape(fields)}", highlight=False)


def _print_call(detail: CallDetail) -> None:
    call = detail.call
    ended = "lost: its worker died" if not call.error else call.error
    if call.reply is not None:
        usage = call.reply.usage
        ended = f"{call.reply.finish_reason.value}, {usage.input_tokens}+{usage.output_tokens} tokens"
    output.print(
        f"  call {call.number}    {call.start_time.astimezone():%H:%M:%S}  {escape(call.model)}  "
        f"{call.duration_seconds:.2f} s  {escape(ended)}",
        highlight=False,
    )
    for turn in detail.turns:
        output.print(Panel(escape(turn.content), title=turn.role, title_align="left", border_style="dim"))
    if call.reply is not None and call.reply.text is not None:
        output.print(Panel(escape(_indented(call.reply.text)), title="reply", title_align="left", border_style="cyan"))


def _print_end(job: Job) -> None:
    if job.error is not None:
        output.print(f"  [red]{job.state} {job.error.reason}[/] {escape(job.error.message)}", highlight=False)
        for violation in job.error.violations:
            output.print(f"    {escape(violation.pointer or '/')}: {escape(violation.message)}", highlight=False)
    elif job.result is not None:
        output.print(f"  [green]{job.state} {job.result.verdict}[/]")
        for change in job.result.changes:
            output.print(f"    changed {escape(change.pointer)} by {change.rule}", highlight=False)
        for finding in job.result.findings:
            output.print(f"    found {finding.code} {escape(finding.pointer)}: {escape(finding.message)}")
        output.print(Panel(escape(_indented(job.result.content.decode())), title="output", title_align="left"))
    else:
        output.print(f"  {job.state}")
    if job.remark is not None:
        output.print(f"  [yellow]{job.remark.reason}[/] {escape(job.remark.message)}", highlight=False)


def _indented(text: str) -> str:
    """JSON indented for reading, with its digits as they are; other text as it is."""
    try:
        document = json.loads(text, parse_float=str, parse_int=str)
    except ValueError:
        return text
    return json.dumps(document, indent=2, ensure_ascii=False) if isinstance(document, (dict, list)) else text
