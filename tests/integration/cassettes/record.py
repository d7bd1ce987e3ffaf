"""`make cassettes`: record the calls of the example tasks again, made to `adapter simulate`."""

import shutil
import sys
import tempfile
from pathlib import Path

from tests.integration.cassettes.examples import CASSETTES, recorded_cases
from tests.integration.end_to_end.conftest import SimulatorProcess
from tests.kit.adapter_process import AdapterProcess
from tests.kit.callers import GrpcCaller, GrpcFailure


def record(folder: Path, into: Path) -> None:
    """Run every case once."""
    simulator = SimulatorProcess(folder)
    model = {"provider": "compatible", "model": "simulated", "base_url": simulator.url, "simulator": True}
    try:
        with AdapterProcess(folder, {"models": {"default": model}}, "--record", str(into)) as adapter:
            caller = GrpcCaller(adapter.grpc_address)
            for task, case in recorded_cases():
                _run(caller, task.ref, case.payload, case.content_type)
            caller.close()
    finally:
        simulator.stop()


def _run(caller: GrpcCaller, task: str, payload: bytes, content_type: str) -> None:
    try:
        caller.run(task, payload, content_type=content_type, accept_review=True)
    except GrpcFailure as exc:
        sys.stdout.write(f"{task}: {exc.reason}\n")


if __name__ == "__main__":
    shutil.rmtree(CASSETTES, ignore_errors=True)
    with tempfile.TemporaryDirectory() as scratch:
        record(Path(scratch), CASSETTES)
    for written in sorted(CASSETTES.rglob("*.yaml")):
        sys.stdout.write(f"{written.relative_to(CASSETTES.parents[1])}\n")
