"""A bulk command against a service that breaks off: it goes on where it was, or says how to."""

from collections.abc import Iterator, Sequence
from typing import Any, cast

import grpc
import pytest
import typer
from llm_adapter.v1.admin_service_pb2 import (
    OBSTACLE_PAYLOAD_NOT_KEPT,
    JobChange,
    JobSelection,
    RetryJobsRequest,
    RetryJobsResponse,
)

from adapter.cli.bulk_run import Asked, BulkRun, Operation

UNAVAILABLE = grpc.StatusCode.UNAVAILABLE


class Broken(grpc.RpcError):
    """The line breaks."""

    def __init__(self, code: grpc.StatusCode) -> None:
        super().__init__()
        self._code = code

    def code(self) -> grpc.StatusCode:
        return self._code


class Script:
    """Answers each call with the next list: responses, or an error that ends it."""

    def __init__(self, *calls: Sequence[RetryJobsResponse | Exception]) -> None:
        self.calls = list(calls)
        self.asked: list[RetryJobsRequest] = []

    def __call__(self, request: RetryJobsRequest) -> Iterator[RetryJobsResponse]:
        self.asked.append(request)
        for step in self.calls.pop(0):
            if isinstance(step, Exception):
                raise step
            yield step


def batch(job_id: str, token: str, **fields: Any) -> RetryJobsResponse:
    return RetryJobsResponse(changes=[JobChange(job_id=job_id, **fields)], resume_token=token)


def run(script: Script, *job_ids: str) -> None:
    asked = Asked(
        JobSelection(task="t", job_ids=job_ids),
        dry_run=False,
        jobs_per_second=0.0,
        resume_token="",
        is_confirmed=True,
        address="",
        config=None,
        json=False,
    )
    operation = Operation(RetryJobsRequest, lambda _: script, "retried")
    BulkRun(operation, asked).run(cast("grpc.Channel", None))


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapter.cli.bulk_run.time.sleep", lambda _: None)


def test_a_broken_line_is_taken_up_behind_the_last_batch(capsys: pytest.CaptureFixture[str]) -> None:
    script = Script(
        [batch("j-1", "1"), Broken(UNAVAILABLE)], [batch("j-2", "2"), Broken(UNAVAILABLE)], [batch("j-3", "")]
    )

    run(script)

    assert [request.resume_token for request in script.asked] == ["", "1", "2"]
    assert {request.selection.task for request in script.asked} == {"t"}
    assert "3 retried" in capsys.readouterr().out


def test_a_service_that_was_never_there_is_not_tried_again() -> None:
    script = Script([Broken(UNAVAILABLE)])

    with pytest.raises(Broken):
        run(script)

    assert len(script.asked) == 1


def test_what_will_not_pass_is_not_tried_again_and_how_to_go_on_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    script = Script([batch("j-1", "token-1"), Broken(grpc.StatusCode.PERMISSION_DENIED)])

    with pytest.raises(Broken):
        run(script)

    assert "--resume token-1" in capsys.readouterr().err
    assert len(script.asked) == 1


def test_it_gives_up_after_some_tries_without_any_progress() -> None:
    script = Script([batch("j-1", "1"), Broken(UNAVAILABLE)], *[[Broken(UNAVAILABLE)] for _ in range(9)])

    with pytest.raises(Broken):
        run(script)

    assert len(script.asked) == 6


def test_what_is_left_or_not_there_is_exit_code_1(capsys: pytest.CaptureFixture[str]) -> None:
    for script, job_ids in (
        (Script([batch("j-1", "", obstacle=OBSTACLE_PAYLOAD_NOT_KEPT)]), ["j-1"]),
        (Script([batch("j-1", "")]), ["j-1", "j-2"]),
    ):
        with pytest.raises(typer.Exit) as ended:
            run(script, *job_ids)
        assert ended.value.exit_code == 1
    assert "no finished job j-2" in capsys.readouterr().err


def test_of_very_many_jobs_only_some_are_kept_for_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    run(Script([batch(f"j-{number}", str(number)) for number in range(1, 500)]))

    out = capsys.readouterr().out
    assert "449 more" in out
    assert "499 retried" in out
    assert "j-51 " not in out
