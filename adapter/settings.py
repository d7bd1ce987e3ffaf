"""The configuration: adapter.yaml and ADAPTER_… variables. Unknown keys are errors; secrets are never shown."""

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, SecretStr, model_validator

from adapter.settings_cassettes import Cassettes
from adapter.settings_doors import AmqpTls, Auth, GrpcTls
from adapter.settings_models import model_problems
from adapter.settings_section import STRICT, Address, Interval, Seconds
from adapter.simulator.faults import FaultRule
from adapter.simulator.latency import Latency


class Section(BaseModel):
    """A part of the configuration."""

    model_config = STRICT


def _broker_url(value: SecretStr) -> SecretStr:
    # The URL may hold a password, so it is not shown; a reference is read only when it is needed.
    url = value.get_secret_value()
    if not url.startswith(("amqp://", "amqps://", "file:", "${")):
        raise ValueError('must begin with amqp:// or amqps://, or be "${NAME}" or file:/run/secrets/…')
    return value


def _database_url(value: SecretStr) -> SecretStr:
    if not value.get_secret_value().startswith(("sqlite:///", "postgresql://", "file:", "${")):
        raise ValueError('must begin with sqlite:/// or postgresql://, or be "${NAME}" or file:/run/secrets/…')
    return value


def _latency(value: str) -> str:
    Latency.parse(value)
    return value


def _fault(value: str) -> str:
    FaultRule.parse(value)
    return value


class Database(Section):
    """Where the memory is."""

    url: Annotated[SecretStr, AfterValidator(_database_url)] = SecretStr("sqlite:///adapter.db")
    lease_seconds: Interval = 15
    """A replica that did not renew its lease for so long is taken for dead."""
    heartbeat_seconds: Interval = 3
    statement_seconds: Interval = 10
    """How long a lock is waited for; on PostgreSQL also a statement, and any answer of the server."""

    @model_validator(mode="after")
    def _beats_in_time(self) -> "Database":
        if self.heartbeat_seconds * 2 > self.lease_seconds:
            raise ValueError("heartbeat_seconds must be at most half of lease_seconds")
        return self


class Amqp(Section):
    """The broker; without this section there is none."""

    urls: list[Annotated[SecretStr, AfterValidator(_broker_url)]] = Field(min_length=1)
    tls: AmqpTls | None = None
    """For amqps:// URLs; None = the machine's authorities are trusted."""
    prefix: str = Field("adapter", pattern=r"^[a-zA-Z0-9_-]{1,40}$")
    max_held: int = Field(500, ge=1, le=2000)
    max_held_bytes: int = Field(268_435_456, ge=1)
    max_hold_seconds: Seconds = 600
    lost_after_seconds: Seconds = 3600
    """A job whose message was not seen for so long, in empty queues, is INTERRUPTED: the message is gone."""
    consumer_timeout_seconds: Interval = 1800
    """What the broker's consumer_timeout is set to; it cannot be asked. What is held longer costs the channel."""
    unroutable_wait_seconds: Seconds = 600
    missing_message_id: Literal["accept", "derive", "park"] = "accept"
    reply_to_allow: list[str] = []
    topology: Literal["declare", "verify"] = "declare"
    heartbeat_seconds: int = Field(15, ge=1)
    confirm_seconds: Interval = 30
    relay_poll_seconds: Interval = 2
    max_result_bytes: int = Field(8_388_608, ge=1024)
    unknown_task_releases: int = Field(3, ge=0)
    """A message for an unknown task goes back so often first: a newer replica may know the task."""

    @model_validator(mode="after")
    def _waits_for_those_in_hand(self) -> "Amqp":
        if self.lost_after_seconds < 2 * self.hold_seconds:
            raise ValueError("lost_after_seconds must be at least twice max_hold_seconds")
        return self

    @property
    def hold_seconds(self) -> float:
        """max_hold_seconds, but at most half of what the broker allows."""
        return min(self.max_hold_seconds, self.consumer_timeout_seconds / 2)

    @property
    def longest_hold_seconds(self) -> float:
        """Half as long again: nothing is held longer, not even for a job that is worked on."""
        return self.hold_seconds * 1.5


class Grpc(Section):
    """The gRPC port."""

    listen: Address = "127.0.0.1:50051"
    open: bool = False
    """Listen on a public address without authentication."""
    tls: GrpcTls | None = None
    reflection: bool = True
    max_connection_age_seconds: Seconds = 1800
    connection_grace_seconds: Seconds = 300


class Http(Section):
    """The port of /healthz, /readyz and /metrics."""

    listen: Address = "127.0.0.1:8080"


class Limits(Section):
    """What one process takes."""

    payload_bytes: int = Field(8_388_608, ge=1, le=16_000_000)
    in_flight: int = Field(10_000, ge=1)
    model_wait_seconds: Seconds = 10


class Retention(Section):
    """How long the memory keeps what."""

    jobs: Seconds = 30 * 86_400
    replies: Seconds = 7 * 86_400
    payloads: Literal["none", "failed", "all"] = "failed"


class PriceTable(Section):
    """Cost of `per` tokens."""

    input: Decimal = Field(ge=0)
    output: Decimal = Field(ge=0)
    cached_input: Decimal | None = Field(None, ge=0)
    per: int = Field(1_000_000, ge=1)
    currency: str = Field("USD", pattern=r"^[A-Z]{3}$")


class Breaker(Section):
    """When calls to a model stop, and how they start again."""

    failures: int = Field(5, ge=1)
    probe_seconds: Interval = 2
    max_probe_seconds: Interval = 3
    misconfigured_probe_seconds: Interval = 15


class ModelSection(Section):
    """One configured model."""

    provider: Literal["simulated", "openai", "azure", "openrouter", "xai", "gemini", "vertex", "compatible"]
    model: str = ""
    base_url: str = Field("", pattern=r"^(https?://[^\s/]+\S*)?$")
    deployment: str = ""
    api_version: str = ""
    project: str = ""
    location: str = Field("", pattern=r"^[a-z0-9-]*$")
    api_key: SecretStr | None = None
    credentials: SecretStr | None = None
    headers: dict[str, SecretStr] = {}
    extra_body: dict[str, object] = {}
    ca_file: Path | None = None
    proxy: SecretStr | None = None
    simulator: bool = False
    timeout_seconds: Interval = 120
    context_tokens: int | None = Field(None, ge=1)
    max_in_flight: int | None = Field(None, ge=1)
    requests_per_minute: int | None = Field(None, ge=1)
    tokens_per_minute: int | None = Field(None, ge=1)
    """The three limits are totals: live replicas and workers share them."""
    limit_window_seconds: float = Field(60, ge=1, le=60)
    """The limits hold in any window of so long; a shorter one keeps bursts small: of 600 a minute, 60 in any 6 s."""
    price: PriceTable | None = None
    breaker: Breaker = Breaker()
    latency: Annotated[str, BeforeValidator(str), AfterValidator(_latency)] = "0"
    """Of a simulated model: seconds, or a distribution such as lognormal(0.8,0.4)."""
    faults: list[Annotated[str, BeforeValidator(str), AfterValidator(_fault)]] = []
    """Of a simulated model: kind:rate, such as 429:0.1."""

    @model_validator(mode="after")
    def _is_complete(self) -> "ModelSection":
        given = {name: value for name, value in self if value not in (None, "")}
        problems = list(model_problems(self.provider, given))
        if problems:
            raise ValueError("; ".join(problems))
        return self


class Log(Section):
    """Logs on stderr."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "json", "pretty"] = "auto"


class Traces(Section):
    """Where spans go; without this section there are none."""

    endpoint: str = Field(pattern=r"^https?://[^\s/@]+(/\S*)?$")
    """URL of an OTLP/HTTP collector; without a path: its /v1/traces."""
    headers: dict[str, SecretStr] = {}
    sample: float = Field(1.0, ge=0, le=1)
    """Share of the traces that begin here."""
    content: bool = False
    """Prompts and replies become attributes of model calls."""
    service_name: str = "llm-adapter"


class Settings(Section):
    """The whole configuration."""

    tasks: Path = Path("examples/tasks")
    default_versions: dict[str, int] = {}
    database: Database = Database()
    amqp: Amqp | None = None
    grpc: Grpc = Grpc()
    http: Http = Http()
    auth: Auth | None = None
    limits: Limits = Limits()
    retention: Retention = Retention()
    drain_seconds: Seconds = 90
    log: Log = Log()
    traces: Traces | None = None
    cassettes: Cassettes = Cassettes()
    models: dict[str, ModelSection] = {"default": ModelSection(provider="simulated")}
