"""A job's story for people: how it came, its waits, each call with prompt and reply, where its answers went."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from adapter.cli.console import indented, plain, print_block, print_text
from adapter.domain import exact_json
from adapter.domain.job import Attempt, Job, Origin
from adapter.ports import CallDetail
from adapter.ports.operators import History, Wait
from adapter.service.envelope import envelope_of, rfc3339

_CAME = {
    Origin.RUN: "came by gRPC, to be waited for",
    Origin.SUBMITTED: "was submitted by gRPC",
    Origin.QUEUED: "came by queue",
}


@dataclass(frozen=True, slots=True)
class Story:
    """All that is known of a job."""

    job: Job
    calls: Sequence[CallDetail]
    publications: Sequence[Mapping[str, Any]]
    history: History

    def document(self) -> dict[str, Any]:
        """The same for programs: the newest revision, and those before it."""
        newest = _revision_document(self.job, self.calls, self.history.waits)
        past = [
            {**_revision_document(one.job, one.calls, self.history.waits), "retry_time": rfc3339(one.retry_time)}
            for one in self.history.past
        ]
        publications = [{key: _json_value(value) for key, value in row.items()} for row in self.publications]
        return {**newest, "origin": self.history.origin.value, "publications": publications, "past_revisions": past}

    def print(self) -> None:
        """Print it, oldest first."""
        job = self.job
        print_text(
            f"[bold]{plain(job.task)}@{job.task_version or '?'}[/]  job {job.job_id}  request {plain(job.request_id)}"
        )
        _line(job.create_time, f"{_CAME[self.history.origin]}, from client {plain(job.client)}", date=True)
        for past in self.history.past:
            self._print_revision(past.job, past.calls)
            _line(past.retry_time, f"[yellow]retried by a person[/]: revision {past.job.revision + 1}", date=True)
        self._print_revision(job, self.calls)

    def _print_revision(self, job: Job, calls: Sequence[CallDetail]) -> None:
        for wait in self.history.waits.get(job.revision, ()):
            _line(wait.since, f"held: {plain(wait.reason)}, {_until(wait)}")
        if job.start_time is not None:
            _line(job.start_time, f"work begins, by {plain(job.task)}@{job.task_version or '?'}")
        for detail, attempt in _judged(calls, job.attempts):
            _print_call(detail, attempt)
        _print_end(job)
        for row in self.publications:
            if row["revision"] == job.revision or (not row["revision"] and _is_of(row, job, self.history)):
                _print_publication(row)


def _is_of(row: Mapping[str, Any], job: Job, history: History) -> bool:
    """A ticket says nothing of its revision: it belongs to the one that was the newest when it was stored."""
    before = [past.job.revision for past in history.past if past.retry_time <= row["create_time"]]
    return job.revision == max(before, default=0) + 1


def _judged(calls: Sequence[CallDetail], attempts: Sequence[Attempt]) -> Iterator[tuple[CallDetail, Attempt | None]]:
    """Each call with what was said of its reply; a call that brought an error is no attempt."""
    left = iter(attempts)
    for detail in calls:
        yield detail, None if detail.call.error else next(left, None)


def _print_call(detail: CallDetail, attempt: Attempt | None) -> None:
    call = detail.call
    ended = "lost: its worker died, or it is still under way" if not call.error else call.error
    if call.reply is not None:
        usage = call.reply.usage
        ended = f"{call.reply.finish_reason.value}, {usage.input_tokens}+{usage.output_tokens} tokens"
    said = f"; not accepted: {attempt.reason}" if attempt is not None and attempt.reason else ""
    seconds = f"{call.duration_seconds:.2f} s"
    _line(call.start_time, f"call {call.number}  {plain(call.model)}  {seconds}  {plain(ended)}{said}")
    for turn in detail.turns:
        print_block(turn.role, turn.content)
    if call.reply is not None and call.reply.text is not None:
        print_block("reply", _readable(call.reply.text))


def _print_end(job: Job) -> None:
    if job.error is not None:
        _line(job.finish_time, f"[red]{job.state} {job.error.reason}[/] {plain(job.error.message)}")
        for violation in job.error.violations:
            print_text(f"    {plain(violation.pointer or '/')}: {plain(violation.message)}")
    elif job.result is not None:
        _line(job.finish_time, f"[green]{job.state} {job.result.verdict}[/]")
        for change in job.result.changes:
            print_text(f"    changed {plain(change.pointer)} by {change.rule}")
        for finding in job.result.findings:
            print_text(f"    found {finding.code} {plain(finding.pointer)}: {plain(finding.message)}")
        print_block("output", indented(job.result.content.decode()))
    else:
        print_text(f"  now       {job.state}")
    if job.remark is not None:
        print_text(f"  [yellow]{job.remark.reason}[/] {plain(job.remark.message)}")


def _print_publication(row: Mapping[str, Any]) -> None:
    what = "result" if row["revision"] else "ticket"
    address = f"exchange {row['exchange'] or '(default)'!s}, key {row['routing_key']}"
    told = [row["state"], f"{row['tries']} tries"]
    if row["sent_time"] is not None:
        told.append(f"confirmed {_clock(row['sent_time'])}")
    if row["next_time"] is not None:
        told.append(f"next try {_clock(row['next_time'])}")
    if row["detail"]:
        told.append(str(row["detail"]))
    _line(row["create_time"], plain(f"{what} to {address}: {', '.join(told)}; message id {row['publication_id']}"))


def _line(time: datetime | None, markup: str, *, date: bool = False) -> None:
    shown = "        " if time is None else f"{time.astimezone():%Y-%m-%d %H:%M:%S}" if date else _clock(time)
    print_text(f"  {shown}  {markup}")


def _clock(time: datetime) -> str:
    return f"{time.astimezone():%H:%M:%S}"


def _until(wait: Wait) -> str:
    return "and waits still, or its worker died" if wait.until is None else f"until {_clock(wait.until)}"


def _revision_document(job: Job, calls: Sequence[CallDetail], waits: Mapping[int, Sequence[Wait]]) -> dict[str, Any]:
    return {
        "job": exact_json.loads(envelope_of(job)),
        "calls": [_call_document(detail) for detail in calls],
        "waits": [
            {"reason": one.reason, "since": rfc3339(one.since), "until": rfc3339(one.until)}
            for one in waits.get(job.revision, ())
        ],
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


def _json_value(value: object) -> object:
    return value if isinstance(value, (str, int, bool, type(None))) else str(value)


def _readable(reply: str) -> str:
    """JSON indented, other text as it is."""
    try:
        exact_json.loads(reply)
    except exact_json.JsonError:
        return reply
    return indented(reply)
