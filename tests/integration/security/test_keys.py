"""API keys: who comes in, what each may do, whose jobs each sees; and keys that change while it runs."""

from collections.abc import Callable
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2
from llm_adapter.v1.admin_service_pb2 import ListParkedRequest
from llm_adapter.v1.job_service_pb2 import CancelJobRequest, GetJobRequest, ListJobsRequest, WatchJobRequest
from llm_adapter.v1.task_service_pb2 import GetTaskRequest, ListTasksRequest

from tests.integration.security.conftest import CLIENTS, TICKET, Caller, KeysFile
from tests.kit.adapter_process import AdapterProcess
from tests.kit.callers import GrpcCaller, GrpcFailure, failures, grpc_failure, new_id
from tests.kit.secrets import digest_of, made_up
from tests.kit.waiting import until

CALLS: dict[str, Callable[[GrpcCaller], Any]] = {
    "RunJob": lambda caller: caller.run("classify-ticket", TICKET),
    "SubmitJob": lambda caller: caller.submit("classify-ticket", TICKET),
    "GetJob": lambda caller: caller.jobs.GetJob(GetJobRequest(job_id="j")),
    "WatchJob": lambda caller: list(caller.jobs.WatchJob(WatchJobRequest(job_id="j"))),
    "ListJobs": lambda caller: caller.jobs.ListJobs(ListJobsRequest()),
    "CancelJob": lambda caller: caller.jobs.CancelJob(CancelJobRequest(job_id="j")),
    "ListTasks": lambda caller: caller.tasks.ListTasks(ListTasksRequest()),
    "GetTask": lambda caller: caller.tasks.GetTask(GetTaskRequest(task="classify-ticket")),
    "ListParked": lambda caller: caller.admin.ListParked(ListParkedRequest()),
    "reflection": lambda caller: list(
        caller.channel.stream_stream(
            "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
            reflection_pb2.ServerReflectionRequest.SerializeToString,
            reflection_pb2.ServerReflectionResponse.FromString,
        )(iter([reflection_pb2.ServerReflectionRequest(list_services="")]), timeout=60)
    ),
}


def refusal(call: Callable[[], Any]) -> tuple[str, str]:
    """Code and reason of a call that must fail."""
    with pytest.raises(GrpcFailure) as failure, failures():
        call()
    return failure.value.code, failure.value.reason


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("key", ["", made_up("wrong")], ids=["no key", "wrong key"])
def test_nothing_is_done_for_who_shows_no_known_key(caller_with: Caller, name: str, key: str) -> None:
    assert refusal(lambda: CALLS[name](caller_with(key))) == ("UNAUTHENTICATED", "UNAUTHENTICATED")


def test_health_is_told_to_everybody(caller_with: Caller) -> None:
    check = caller_with("").channel.unary_unary(
        "/grpc.health.v1.Health/Check",
        health_pb2.HealthCheckRequest.SerializeToString,
        health_pb2.HealthCheckResponse.FromString,
    )

    assert check(health_pb2.HealthCheckRequest(), timeout=60).status == health_pb2.HealthCheckResponse.SERVING


def test_who_shows_a_key_is_told_of_the_services(caller_with: Caller, keys: KeysFile) -> None:
    (answer,) = CALLS["reflection"](caller_with(keys.keys["crm"]))

    assert "llm_adapter.v1.JobService" in {one.name for one in answer.list_services_response.service}


def test_a_client_runs_its_task_under_its_name(caller_with: Caller, keys: KeysFile) -> None:
    job = caller_with(keys.keys["crm"]).run("classify-ticket", TICKET)

    assert job.client == "crm"


def test_the_key_may_stand_in_x_api_key(guarded: AdapterProcess, keys: KeysFile) -> None:
    caller = GrpcCaller(guarded.grpc_address)
    listed = caller.jobs.ListJobs(ListJobsRequest(), timeout=60, metadata=(("x-api-key", keys.keys["crm"]),))
    caller.close()

    assert all(job.client == "crm" for job in listed.jobs)


@pytest.mark.parametrize("task", ["classify-ticket", "classify-ticket@1", "no-such-task"])
def test_a_task_of_others_is_denied_whether_there_is_one_or_not(caller_with: Caller, keys: KeysFile, task: str) -> None:
    billing = caller_with(keys.keys["billing"])

    told = {
        refusal(lambda: billing.run(task, TICKET)),
        refusal(lambda: billing.submit(task, TICKET)),
        refusal(lambda: billing.tasks.GetTask(GetTaskRequest(task=task), timeout=60)),
    }

    assert told == {("PERMISSION_DENIED", "PERMISSION_DENIED")}


def test_a_client_is_shown_its_tasks_only(caller_with: Caller, keys: KeysFile) -> None:
    def shown(name: str) -> list[str]:
        answer = caller_with(keys.keys[name]).tasks.ListTasks(ListTasksRequest(), timeout=60)
        return [task.name for task in answer.tasks]

    assert shown("billing") == ["extract-invoice"]
    assert shown("ops") == ["classify-ticket", "extract-invoice", "summarise-claim"]


def test_the_jobs_of_others_are_not_there_and_an_operator_sees_all(caller_with: Caller, keys: KeysFile) -> None:
    crm, billing, ops = (caller_with(keys.keys[name]) for name in ("crm", "billing", "ops"))
    job = crm.run("classify-ticket", TICKET, request_id=new_id())

    keys_of_the_job: tuple[dict[str, Any], ...] = ({"job_id": job.job_id}, {"request_id": job.request_id})
    for key in keys_of_the_job:
        asked = [
            refusal(lambda: billing.jobs.GetJob(GetJobRequest(**key), timeout=60)),  # noqa: B023 - called at once
            refusal(lambda: list(billing.jobs.WatchJob(WatchJobRequest(**key), timeout=60))),  # noqa: B023 - as above
            refusal(lambda: billing.jobs.CancelJob(CancelJobRequest(**key), timeout=60)),  # noqa: B023 - as above
        ]
        assert set(asked) == {("NOT_FOUND", "JOB_NOT_FOUND")}
    asked_for = ListJobsRequest(client="crm")
    assert not [one for one in billing.jobs.ListJobs(asked_for, timeout=60).jobs if one.client != "billing"]
    assert job.job_id in {one.job_id for one in ops.jobs.ListJobs(asked_for, timeout=60).jobs}
    assert ops.get(job.job_id).result == job.result == crm.get(request_id=job.request_id).result


def test_the_same_request_id_of_two_clients_is_two_requests(caller_with: Caller, keys: KeysFile) -> None:
    request_id = new_id()
    crm, ops = caller_with(keys.keys["crm"]), caller_with(keys.keys["ops"])

    first, second = (one.run("classify-ticket", TICKET, request_id=request_id) for one in (crm, ops))

    assert first.job_id != second.job_id
    assert (first.client, second.client) == ("crm", "ops")


def test_parked_messages_are_for_operators(caller_with: Caller, keys: KeysFile) -> None:
    crm, ops = caller_with(keys.keys["crm"]), caller_with(keys.keys["ops"])

    assert refusal(lambda: CALLS["ListParked"](crm)) == ("PERMISSION_DENIED", "PERMISSION_DENIED")
    assert not CALLS["ListParked"](ops).parked


def test_two_credentials_that_differ_are_refused(guarded: AdapterProcess, keys: KeysFile) -> None:
    caller = GrpcCaller(guarded.grpc_address, key=keys.keys["crm"])
    metadata = (("x-api-key", keys.keys["ops"]),)

    told = refusal(lambda: caller.jobs.ListJobs(ListJobsRequest(), timeout=60, metadata=metadata))
    caller.close()

    assert told == ("UNAUTHENTICATED", "UNAUTHENTICATED")


def test_oversized_metadata_is_refused_by_the_transport_and_harms_nobody(caller_with: Caller, keys: KeysFile) -> None:
    crm = caller_with(keys.keys["crm"])
    metadata = (("x-api-key", made_up() + "x" * 16 * 1024),)

    with pytest.raises(GrpcFailure) as failure, failures():
        caller_with("").jobs.ListJobs(ListJobsRequest(), timeout=60, metadata=metadata)

    assert failure.value.code == "RESOURCE_EXHAUSTED"
    assert crm.run("classify-ticket", TICKET).client == "crm"


def test_a_refused_call_is_logged_with_its_address_and_without_its_key(
    caller_with: Caller, guarded: AdapterProcess
) -> None:
    wrong = made_up("wrong")
    grpc_failure(caller_with(wrong), "classify-ticket", TICKET)

    refused = [event for event in guarded.events() if event["event"] == "caller_refused"]

    assert refused[-1]["peer"].startswith("ipv4:127.0.0.1:")
    assert refused[-1]["reason"] == "UNAUTHENTICATED"
    assert wrong not in guarded.log_text()


def test_a_key_is_replaced_while_the_service_runs(guarded: AdapterProcess, keys: KeysFile, caller_with: Caller) -> None:
    """The file of all: it is put back at the end, and what was wrong in between changed nothing."""
    old, new = keys.keys["crm"], made_up("new")
    crm, renewed = caller_with(old), caller_with(new)
    others = [client for client in CLIENTS if client["name"] != "crm"]
    try:
        keys.write({"name": "crm", "key_sha256": [digest_of(old), digest_of(new)]}, *others)
        until(lambda: _comes_in(renewed))
        assert _comes_in(crm)

        keys.write({"name": "crm", "key_sha256": digest_of(new)}, *others)
        until(lambda: not _comes_in(crm))
        assert _comes_in(renewed)

        keys.path.write_text("- name: Not A Name\n")
        until(lambda: "keys_file_not_read" in {event["event"] for event in guarded.events()})
        assert _comes_in(renewed)
    finally:
        keys.write(*CLIENTS)
        until(lambda: _comes_in(crm))


def _comes_in(caller: GrpcCaller) -> bool:
    call = caller.jobs.ListJobs.future(ListJobsRequest(), timeout=60)
    return call.code() is grpc.StatusCode.OK
