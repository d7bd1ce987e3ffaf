"""One metrics page out of several, with every sample told apart by its worker."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from adapter.workers.pages import merged


def page(jobs: int, seconds: Iterable[float] = ()) -> str:
    """Return what a worker shows."""
    registry = CollectorRegistry()
    counter = Counter("adapter_jobs", "Jobs.", ["task"], registry=registry)
    counter.labels("classify-ticket").inc(jobs)
    histogram = Histogram("adapter_job_seconds", "Time.", registry=registry, buckets=(1, 10))
    for value in seconds:
        histogram.observe(value)
    return generate_latest(registry).decode()


def samples(families: Iterable[Metric], name: str) -> dict[str, float]:
    """Values of a sample by worker."""
    return {
        sample.labels["worker"]: sample.value
        for family in families
        for sample in family.samples
        if sample.name == name and sample.labels.get("le", "+Inf") == "+Inf"
    }


def test_each_worker_keeps_its_own_values() -> None:
    text = merged({"1": page(3, [0.5]), "2": page(4, [2, 20])}).decode()
    families = list(text_string_to_metric_families(text))

    assert samples(families, "adapter_jobs_total") == {"1": 3, "2": 4}
    assert samples(families, "adapter_job_seconds_count") == {"1": 1, "2": 2}
    assert samples(families, "adapter_job_seconds_bucket") == {"1": 1, "2": 2}


def test_each_metric_is_announced_once() -> None:
    text = merged({"1": page(1), "2": page(1), "3": page(1)}).decode()

    for line in ("# TYPE adapter_jobs_total counter", "# TYPE adapter_job_seconds histogram"):
        assert text.count(line) == 1
