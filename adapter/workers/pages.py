"""What the workers say about themselves, as one page each: readiness, states, metrics."""

import asyncio
import json
from collections.abc import Iterable, Iterator, Mapping

import aiohttp
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from adapter.workers.process import WorkerProcess
from adapter.workers.supervisor import Supervisor

_TIMEOUT = aiohttp.ClientTimeout(total=5.0)


class WorkerPages:
    """Asks every worker over its socket."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        self._states: Mapping[str, str] = {}

    async def problems(self) -> list[str]:
        """What stands against taking gRPC requests: nothing while one worker takes them."""
        if self._supervisor.is_draining:
            return ["draining"]
        pages = await asyncio.gather(*(self._ready_page(worker) for worker in self._supervisor.workers))
        self._states = {
            name: state
            for worker, (problems, parts) in zip(self._supervisor.workers, pages, strict=True)
            for name, state in _states(worker.seat.number, problems, parts)
        }
        if any(not problems for problems, _ in pages):
            return []
        return [
            f"worker {worker.seat.number}: {problem}"
            for worker, (problems, _) in zip(self._supervisor.workers, pages, strict=True)
            for problem in problems
        ]

    def states(self) -> Mapping[str, str]:
        """Every worker and its parts, as they were when problems() was asked."""
        return self._states

    async def metrics(self) -> bytes:
        """Everybody's metrics, told apart by the label `worker`; a sum would go down whenever a worker restarts."""
        texts = await asyncio.gather(*(self._fetch(worker, "metrics") for worker in self._supervisor.workers))
        by_worker = {
            str(worker.seat.number): text
            for worker, text in zip(self._supervisor.workers, texts, strict=True)
            if text is not None
        }
        return merged(by_worker, self._own())

    def _own(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("adapter_worker_up", "1: the worker serves", labels=["worker"])
        restarts = CounterMetricFamily("adapter_worker_restarts", "Restarts after a death", labels=["worker"])
        for worker in self._supervisor.workers:
            up.add_metric([str(worker.seat.number)], float(worker.has_started))
            restarts.add_metric([str(worker.seat.number)], self._supervisor.restarts[worker.seat.number])
        yield from (up, restarts)

    async def _ready_page(self, worker: WorkerProcess) -> tuple[list[str], Mapping[str, str]]:
        text = await self._fetch(worker, "readyz")
        if text is None:
            return ["does not answer" if worker.has_started else "is starting"], {}
        page = json.loads(text)
        return page["problems"], page["parts"]

    async def _fetch(self, worker: WorkerProcess, page: str) -> str | None:
        if not worker.has_started:
            return None
        connector = aiohttp.UnixConnector(worker.seat.http_socket)
        try:
            async with (
                aiohttp.ClientSession(connector=connector, timeout=_TIMEOUT) as session,
                session.get(f"http://worker/{page}") as response,
            ):
                return await response.text()
        except (aiohttp.ClientError, OSError, TimeoutError):
            return None


def merged(text_by_worker: Mapping[str, str], more: Iterable[Metric] = ()) -> bytes:
    """Make one page out of the workers' pages and more; each metric is announced once."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Merged([*_labelled(text_by_worker), *more]))
    return generate_latest(registry)


class _Merged(Collector):
    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = tuple(metrics)

    def collect(self) -> Iterable[Metric]:
        return self._metrics


def _labelled(text_by_worker: Mapping[str, str]) -> Iterable[Metric]:
    merged: dict[str, Metric] = {}
    for worker, text in text_by_worker.items():
        for family in text_string_to_metric_families(text):
            into = merged.setdefault(family.name, Metric(family.name, family.documentation, family.type))
            for sample in family.samples:
                into.add_sample(sample.name, {**sample.labels, "worker": worker}, sample.value)
    return merged.values()


def _states(number: int, problems: list[str], parts: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    yield f"worker.{number}", "; ".join(problems) or "ready"
    for name, state in parts.items():
        yield f"worker.{number}.{name}", state
