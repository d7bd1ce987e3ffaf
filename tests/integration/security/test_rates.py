"""The rate of a client: refused over gRPC with a pushback and the quota, kept apart from other clients."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from llm_adapter.v1.job_pb2 import Payload
from llm_adapter.v1.job_service_pb2 import RunJobRequest

from tests.integration.security.conftest import TICKET, KeysFile
from tests.kit.adapter_process import AdapterProcess
from tests.kit.callers import GrpcCaller, GrpcFailure, grpc_failure


@pytest.fixture(scope="module")
def hurried(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[AdapterProcess, KeysFile]]:
    """Give an adapter that takes three requests a minute from one client."""
    folder: Path = tmp_path_factory.mktemp("hurried")
    keys = KeysFile(folder / "keys.yaml", {})
    keys.write({"name": "hasty", "rate": "3/min"}, {"name": "once", "rate": "1/min"}, {"name": "calm"})
    with AdapterProcess(folder, {"auth": {"keys": keys.setting}}) as process:
        yield process, keys


def test_a_client_over_its_rate_is_refused_and_others_go_on(hurried: tuple[AdapterProcess, KeysFile]) -> None:
    process, keys = hurried
    hasty, calm = (GrpcCaller(process.grpc_address, key=keys.keys[name]) for name in ("hasty", "calm"))
    for _ in range(2):
        hasty.run("classify-ticket", TICKET)
    submitted = hasty.submit("classify-ticket", TICKET)

    refusals = [
        grpc_failure(hasty, "classify-ticket", TICKET),
        _submit_failure(hasty),
    ]

    assert {(refusal.code, refusal.reason) for refusal in refusals} == {("RESOURCE_EXHAUSTED", "RATE_LIMITED")}
    assert all(0 < int(refusal.pushback_ms) <= 61_000 for refusal in refusals)
    assert "3 requests in 60 s" in refusals[0].message
    assert hasty.wait_for_end(submitted.job_id).state, "looking at a job is not limited"
    for _ in range(4):
        calm.run("classify-ticket", TICKET)
    for caller in (hasty, calm):
        caller.close()


def test_the_refusal_names_the_quota(hurried: tuple[AdapterProcess, KeysFile]) -> None:
    process, keys = hurried
    caller = GrpcCaller(process.grpc_address, key=keys.keys["once"])
    caller.run("classify-ticket", TICKET)
    request = RunJobRequest(task="classify-ticket", payload=Payload(content=TICKET, content_type="application/json"))

    with pytest.raises(grpc.RpcError) as refused:
        caller.jobs.RunJob(request, timeout=60)

    quotas = [error_details_pb2.QuotaFailure.FromString(detail.value) for detail in _details(refused.value, "Quota")]
    assert [violation.subject for quota in quotas for violation in quota.violations] == ["client:once"]
    caller.close()


def _details(error: Any, name: str) -> list[Any]:
    return [detail for detail in rpc_status.from_call(error).details if name in detail.type_url]


def _submit_failure(caller: GrpcCaller) -> GrpcFailure:
    with pytest.raises(GrpcFailure) as refusal:
        caller.submit("classify-ticket", TICKET)
    return refusal.value
