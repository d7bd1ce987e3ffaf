"""One run of a bulk command: batches from the service, resumed when the line breaks, shown as they come."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import grpc
import typer
from google.protobuf.message import Message
from llm_adapter.v1 import admin_service_pb2, job_pb2

from adapter.cli.console import cell, errors, plain, print_json_line, print_text
from adapter.cli.exits import Exit
from adapter.cli.tables import Column, print_table

_SHOWN = 50  # rows of the table for people; --json shows all
_TRIES = 5
_FIRST_PAUSE_SECONDS = 0.5
_PASSING = frozenset({grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED})
_COLUMNS = (
    Column("job"),
    Column("request", rank=1),
    Column("task", rank=2),
    Column("state", rank=4),
    Column("revision", rank=3),
    Column("left as it is because", rank=0),
)
_ADVICE = {
    "PAYLOAD_NOT_KEPT": "there is nothing to run again; retention.payloads says which payloads are kept",
    "TASK_NOT_LOADED": "deploy the task folder, then retry",
    "NEVER_PUBLISHED": "no message ever carried the result; GetJob shows it",
    "RESULT_NOT_SENT": "the result is still to be sent; purge when it was",
    "NOT_FINISHED": "it has no outcome yet, or is being retried already",
    "NOT_FOUND": "it is gone already",
    "CHANGED": "it was retried meanwhile",
}

Batches = Callable[[Message], Iterable["_Batch"]]
_Batch = (
    admin_service_pb2.RetryJobsResponse | admin_service_pb2.RepublishJobsResponse | admin_service_pb2.PurgeJobsResponse
)
_Request = (
    type[admin_service_pb2.RetryJobsRequest]
    | type[admin_service_pb2.RepublishJobsRequest]
    | type[admin_service_pb2.PurgeJobsRequest]
)


@dataclass(frozen=True, slots=True)
class Operation:
    """What is done, and how it is said."""

    request: _Request
    call: Callable[[grpc.Channel], Callable[..., Iterable[_Batch]]]
    done: str
    is_final: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asks for."""

    selection: admin_service_pb2.JobSelection
    dry_run: bool
    jobs_per_second: float
    resume_token: str
    is_confirmed: bool
    address: str
    config: Path | None
    json: bool


class BulkRun:
    """Runs it to its end, or says how to go on."""

    def __init__(self, operation: Operation, asked: Asked) -> None:
        """Nothing is asked yet."""
        self._operation = operation
        self._asked = asked
        self._token = asked.resume_token
        self._done = 0
        self._left: Counter[str] = Counter()
        self._rows: list[tuple[str, ...]] = []
        self._missing = dict.fromkeys((*asked.selection.job_ids, *asked.selection.request_ids))

    def run(self, channel: grpc.Channel) -> None:
        """Do it and print it; ends with JOB_FAILED when something was left as it is."""
        try:
            with self._progress() as tell:
                for batch in self._batches(channel):
                    for change in batch.changes:
                        self._take(change)
                    tell(self._words())
        except BaseException:
            self._say_how_to_go_on()
            raise
        self._print()
        if (self._left or self._missing) and not self._asked.dry_run:
            raise typer.Exit(Exit.JOB_FAILED)

    def _batches(self, channel: grpc.Channel) -> Iterator[_Batch]:
        """Each batch once; after a break it goes on behind the last that came."""
        tries = 0
        is_over = False
        while not is_over:
            try:
                for batch in self._operation.call(channel)(self._request()):
                    self._token, tries = batch.resume_token, 0
                    yield batch
                is_over = True
            except grpc.RpcError as exc:
                tries += 1
                if not self._token or tries > _TRIES or cast("grpc.Call", exc).code() not in _PASSING:
                    raise
                time.sleep(_FIRST_PAUSE_SECONDS * 2 ** (tries - 1))

    def _request(self) -> Message:
        asked = self._asked
        return self._operation.request(
            selection=asked.selection,
            dry_run=asked.dry_run,
            jobs_per_second=asked.jobs_per_second,
            resume_token=self._token,
        )

    def _take(self, change: admin_service_pb2.JobChange) -> None:
        obstacle = "" if not change.obstacle else _name(admin_service_pb2.Obstacle, change.obstacle, "OBSTACLE_")
        state = _name(job_pb2.State, change.state, "STATE_")
        for identity in (change.job_id, change.request_id):
            self._missing.pop(identity, None)
        if obstacle:
            self._left[obstacle] += 1
        else:
            self._done += 1
        if self._asked.json:
            print_json_line(
                {
                    "job_id": change.job_id,
                    "request_id": change.request_id,
                    "client": change.client,
                    "task": change.task,
                    "state": state,
                    "revision": change.revision,
                    "obstacle": obstacle,
                }
            )
        elif len(self._rows) < _SHOWN:
            revision = str(change.revision)
            self._rows.append((change.job_id, change.request_id, change.task, state, revision, obstacle))

    def _progress(self) -> AbstractContextManager[Callable[[str], None]]:
        return _Spinner() if errors.is_terminal else nullcontext(lambda _: None)

    def _words(self) -> str:
        done = f"would be {self._operation.done}" if self._asked.dry_run else self._operation.done
        left = "".join(f", {count} left: {name}" for name, count in self._left.most_common())
        return f"{self._done} {done}{left}"

    def _print(self) -> None:
        if not self._asked.json:
            if self._rows:
                print_table(_COLUMNS, self._rows)
            more = self._done + self._left.total() - len(self._rows)
            if more:
                print_text(f"… and {more} more; --json shows all")
            print_text(self._words())
        for name in self._left:
            errors.print(cell(f"{name}: {_ADVICE.get(name, 'see docs/operations.md')}", "red"), soft_wrap=True)
        for identity in self._missing:
            errors.print(cell(f"JOB_NOT_FOUND: no finished job {identity}", "red"), soft_wrap=True)

    def _say_how_to_go_on(self) -> None:
        if self._token:
            errors.print(f"cut off: {self._words()}. Go on with the same options and --resume {plain(self._token)}")


class _Spinner:
    """Words that change, on a terminal."""

    def __init__(self) -> None:
        self._status = errors.status("asking the service")

    def __enter__(self) -> Callable[[str], None]:
        self._status.start()
        return self._status.update

    def __exit__(self, *_: object) -> None:
        self._status.stop()


def _name(enum: type[object], number: int, prefix: str) -> str:
    return str(enum.Name(number)).removeprefix(prefix)  # type: ignore[attr-defined]  # every enum of protobuf has it
