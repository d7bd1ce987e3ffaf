"""Benchmark: RunJob calls through a real `adapter serve` with the simulated model; prints rate, CPU per job, memory.

Such as: .venv/bin/python tests/bench/pipeline_bench.py --jobs 10000 --concurrency 10000 --latency 5
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import grpc
import uvloop
from llm_adapter.v1 import job_pb2, job_service_pb2, job_service_pb2_grpc

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.kit.adapter_process import ROOT, AdapterProcess

SAMPLES = ROOT / "examples" / "tasks" / "classify-ticket" / "samples"
CALLS_PER_CHANNEL = 500


def main() -> int:
    """Run the benchmark; exit status 1 when a call failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=2000)
    parser.add_argument("--concurrency", type=int, default=200)
    parser.add_argument("--latency", default="0", help="of the simulated model, seconds")
    options = parser.parse_args()
    payload = next(path for path in sorted(SAMPLES.iterdir()) if path.suffix == ".json").read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        models = {"default": {"provider": "simulated", "latency": options.latency}}
        service = AdapterProcess(Path(folder), {"models": models, "limits": {"in_flight": 20_000}})
        with service:
            cpu = service.cpu_seconds()
            begun = time.monotonic()
            results = uvloop.run(send(service.grpc_address, options.jobs, options.concurrency, payload))
            seconds = time.monotonic() - begun
            cpu = service.cpu_seconds() - cpu
            peak = service.peak_mib()
    errors = {name: count for name, count in results.items() if name != "OK"}
    sys.stdout.write(
        f"jobs={options.jobs} concurrency={options.concurrency} latency={options.latency} seconds={seconds:.2f} "
        f"jobs_per_second={options.jobs / seconds:.0f} cpu_us_per_job={cpu / options.jobs * 1e6:.0f} "
        f"peak_mib={peak:.0f} errors={sum(errors.values())} {errors or ''}\n"
    )
    return 1 if errors else 0


async def send(address: str, jobs: int, concurrency: int, payload: bytes) -> Counter[str]:
    """Send all jobs, so many at once; returns how they ended, by status code."""
    results: Counter[str] = Counter()
    # A channel is a connection only when its arguments differ from the others'.
    channels = [
        grpc.aio.insecure_channel(address, options=[("bench.channel", number), ("grpc.use_local_subchannel_pool", 1)])
        for number in range(-(-concurrency // CALLS_PER_CHANNEL))
    ]
    numbers = iter(range(jobs))

    async def caller(stub: "job_service_pb2_grpc.JobServiceAsyncStub") -> None:
        for number in numbers:
            request = job_service_pb2.RunJobRequest(
                task="classify-ticket",
                request_id=f"bench-{number}",
                payload=job_pb2.Payload(content=payload, content_type="application/json"),
            )
            try:
                await stub.RunJob(request, timeout=300)
                results["OK"] += 1
            except grpc.aio.AioRpcError as exc:
                results[f"{exc.code().name}: {exc.details()}"] += 1

    stubs = [job_service_pb2_grpc.JobServiceStub(channel) for channel in channels]
    async with asyncio.TaskGroup() as group:
        for number in range(concurrency):
            group.create_task(caller(stubs[number % len(stubs)]))
    for channel in channels:
        await channel.close()
    return results


if __name__ == "__main__":
    sys.exit(main())
