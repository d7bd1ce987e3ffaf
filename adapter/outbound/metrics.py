"""Prometheus metrics: implements the port Observer, and renders /metrics."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from adapter.domain.job import Job, Origin
from adapter.domain.usage import Usage

_MODEL_BUCKETS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
_OVERHEAD_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

_LAG_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """Implements ports.Observer on a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        reg = self.registry
        self._jobs = Counter(
            "adapter_jobs", "Jobs that reached their outcome.", ["task", "outcome", "reason", "origin"], registry=reg
        )
        self._refused = Counter(
            "adapter_requests_refused", "Requests answered with an error, unrecorded.", ["reason", "face"], registry=reg
        )
        self._attempts = Counter("adapter_attempts", "Model calls that returned a reply.", ["model"], registry=reg)
        self._calls = Counter(
            "adapter_model_calls", "Model calls by how they ended.", ["model", "result"], registry=reg
        )
        self._tokens = Counter("adapter_tokens", "Tokens as billed.", ["model", "direction"], registry=reg)
        self._model_seconds = Histogram(
            "adapter_model_call_seconds", "Time of a model call.", ["model"], buckets=_MODEL_BUCKETS, registry=reg
        )
        self._job_seconds = Histogram(
            "adapter_job_seconds", "Time from creation to outcome.", ["task"], buckets=_MODEL_BUCKETS, registry=reg
        )
        self._overhead = Histogram(
            "adapter_overhead_seconds",
            "Time of a job that was not the model's.",
            ["task"],
            buckets=_OVERHEAD_BUCKETS,
            registry=reg,
        )
        self._in_flight = Gauge("adapter_jobs_in_flight", "Jobs being worked on.", registry=reg)
        self._held = Gauge("adapter_held", "Deliveries held, by cause.", ["cause"], registry=reg)
        self._publications = Counter("adapter_publications", "Publishes by how they ended.", ["status"], registry=reg)
        self._parked = Counter("adapter_parked", "Messages parked.", ["reason"], registry=reg)
        self._model_up = Gauge("adapter_model_up", "1 = calls may be made.", ["model"], registry=reg)
        limit = ["limit", "kind"]
        self._limit_total = Gauge("adapter_limit", "Limit of a window, over all replicas.", limit, registry=reg)
        self._limit_share = Gauge("adapter_limit_share", "Part of the limit held here.", limit, registry=reg)
        self._limit_used = Gauge("adapter_limit_used", "Spent or reserved here in the window.", limit, registry=reg)
        self._limit_waiting = Gauge("adapter_limit_waiting", "Calls that wait for a limit.", ["limit"], registry=reg)
        self._pending = Gauge("adapter_publications_pending", "Publications that wait to be confirmed.", registry=reg)
        self._links = Gauge("adapter_broker_link_up", "1 = the connection is open.", ["role"], registry=reg)
        self._queues = Gauge("adapter_queue_up", "1 = a message came by the consumer of now.", ["queue"], registry=reg)
        self._loop_lag = Histogram(
            "adapter_loop_lag_seconds", "How late the event loop is.", buckets=_LAG_BUCKETS, registry=reg
        )
        self._broker_events = Counter("adapter_broker_events", "What happened to links.", ["event"], registry=reg)
        self._async_tasks = Gauge("adapter_async_tasks", "Tasks of the event loop, idle ones too.", registry=reg)
        self._deliveries = Gauge("adapter_deliveries", "Messages in our hands, not acknowledged yet.", registry=reg)
        self._unconfirmed = Gauge("adapter_unconfirmed", "Publishes that wait for their confirm.", registry=reg)
        ProcessCollector(registry=reg)

    def job_finished(self, job: Job, origin: Origin) -> None:
        """Count an outcome, with the time it took."""
        reason = job.error.reason if job.error else ""
        self._jobs.labels(job.task, job.wire_outcome, reason, origin.value).inc()
        self._overhead.labels(job.task).observe(job.usage.overhead_seconds)
        if job.finish_time is not None:
            self._job_seconds.labels(job.task).observe((job.finish_time - job.create_time).total_seconds())

    def request_refused(self, reason: str, face: str) -> None:
        """Count a request that became no outcome."""
        self._refused.labels(reason, face).inc()

    def call_finished(self, model: str, result: str, seconds: float, usage: Usage) -> None:
        """Count a model call."""
        self._calls.labels(model, result).inc()
        self._model_seconds.labels(model).observe(seconds)
        if result == "reply":
            self._attempts.labels(model).inc()
            self._tokens.labels(model, "input").inc(usage.input_tokens)
            self._tokens.labels(model, "output").inc(usage.output_tokens)

    def in_flight(self, change: int) -> None:
        """Move the gauge of running jobs."""
        self._in_flight.inc(change)

    def held(self, cause: str, change: int) -> None:
        """Move the gauge of held deliveries."""
        self._held.labels(cause).inc(change)

    def publication(self, status: str) -> None:
        """Count a publish."""
        self._publications.labels(status).inc()

    def parked(self, reason: str) -> None:
        """Count a parked message."""
        self._parked.labels(reason).inc()

    def model_state(self, model: str, state: str) -> None:
        """Show whether a model may be called."""
        self._model_up.labels(model).set(1 if state == "up" else 0)

    def limit_level(self, limit: str, kind: str, total: int, share: int, used: int) -> None:
        """Show how a limit stands here."""
        self._limit_total.labels(limit, kind).set(total)
        self._limit_share.labels(limit, kind).set(share)
        self._limit_used.labels(limit, kind).set(used)

    def limit_waiting(self, limit: str, count: int) -> None:
        """Show how many calls wait for a limit."""
        self._limit_waiting.labels(limit).set(count)

    def link_state(self, role: str, *, is_open: bool) -> None:
        """Show whether a broker connection is open."""
        self._links.labels(role).set(1 if is_open else 0)

    def queue_state(self, queue: str, *, is_up: bool) -> None:
        """Show whether messages of a queue really come."""
        self._queues.labels(queue).set(1 if is_up else 0)

    def loop_lag(self, seconds: float) -> None:
        """Show how late the event loop is."""
        self._loop_lag.observe(seconds)

    def broker_event(self, event: str) -> None:
        """Count what happened to a broker link or channel."""
        self._broker_events.labels(event).inc()

    def follow(
        self, *, async_tasks: Callable[[], int], deliveries: Callable[[], int], unconfirmed: Callable[[], int]
    ) -> None:
        """Show these levels, read whenever somebody looks."""
        self._async_tasks.set_function(async_tasks)
        self._deliveries.set_function(deliveries)
        self._unconfirmed.set_function(unconfirmed)

    def render(self, pending_publications: int) -> bytes:
        """Everything in the text format."""
        self._pending.set(pending_publications)
        return generate_latest(self.registry)
