"""Two replicas of the image on PostgreSQL and RabbitMQ, configured as the compose file does, one killed at work."""

import time
import uuid
from typing import Any

import pika
import yaml

from deploy.image.engine import Engine
from deploy.image.running import LOCKED_DOWN, ROOT, SAMPLE, TAG, Container, Keys, container, expect, say, wait_until
from deploy.postgres.private_postgres import PrivatePostgres
from deploy.rabbitmq.private_broker import PrivateBroker

MESSAGES = 20
AT_WORK = 3
ANSWER_SECONDS = 90.0
_UNREACHABLE = 4


def check_replicas(engine: Engine, name: str, keys: Keys) -> None:
    """Upgrade the database, start both, send requests by queue, kill one, and count the answers."""
    with PrivatePostgres() as postgres, PrivateBroker() as broker:
        settings = compose_settings(postgres.url, broker.url)
        upgrade(engine, f"{name}-upgrade", settings)
        with (
            container(engine, f"{name}-a", keys, settings) as first,
            container(engine, f"{name}-b", keys, settings) as second,
        ):
            first.wait_healthy()
            second.wait_healthy()
            job, again = first.run_job("shared"), second.run_job("shared")
            expect(job.job_id == again.job_id, "the second replica does not know the outcome of the first")
            say("two replicas", "on PostgreSQL and RabbitMQ: a repeat at the other gets the recorded outcome")
            answer_all(broker.url, first)


def compose_settings(database_url: str, broker_url: str) -> dict[str, str]:
    """Settings of the compose file, with other addresses and a model slow enough to be met at work."""
    services = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())["services"]
    settings: dict[str, str] = services["adapter"]["environment"]
    expect({"ADAPTER_DATABASE__URL", "ADAPTER_AMQP__URLS"} <= settings.keys(), "the compose file sets no addresses")
    return settings | {
        "ADAPTER_DATABASE__URL": database_url,
        "ADAPTER_AMQP__URLS": f'["{broker_url}"]',
        "ADAPTER_MODELS": '{"default": {"provider": "simulated", "latency": "3"}}',
    }


def upgrade(engine: Engine, name: str, settings: dict[str, str]) -> None:
    """Run the compose file's service of that name; before it the image must refuse to serve."""
    options = (*LOCKED_DOWN, "--env=ADAPTER_GRPC__LISTEN=127.0.0.1:0", "--env=ADAPTER_HTTP__LISTEN=127.0.0.1:0")
    given = [f"--env={key}={value}" for key, value in settings.items() if key != "ADAPTER_AUTH__KEYS"]
    early = engine.attempt("run", "--rm", f"--name={name}", *options, *given, TAG)
    expect(early.returncode == _UNREACHABLE, f"on an empty database it ended with {early.returncode}: {early.stderr}")
    said = engine("run", "--rm", f"--name={name}", *options, *given, TAG, "db", "upgrade")
    say("db upgrade", f"{said} Before it, serve ends with exit code {early.returncode}")


def answer_all(broker_url: str, victim: Container) -> None:
    """Send requests, kill a replica that works on some, and take one outcome for each."""
    connection = pika.BlockingConnection(pika.URLParameters(broker_url))
    channel = connection.channel()
    replies = f"check{uuid.uuid4().hex[:6]}.replies"
    channel.queue_declare(replies, durable=True)
    ids = {f"message-{number}" for number in range(MESSAGES)}
    for one in sorted(ids):
        properties = pika.BasicProperties(
            message_id=one, reply_to=replies, content_type="application/json", delivery_mode=2
        )
        channel.basic_publish("adapter.requests", "classify-ticket", SAMPLE.read_bytes(), properties, mandatory=True)
    wait_until(lambda: victim.in_flight() >= AT_WORK, "the replica takes nothing from its queue")
    held = victim.in_flight()
    victim.engine("kill", "--signal=KILL", victim.name)
    outcomes = take(connection, channel, replies, ids)
    connection.close()
    expect(set(outcomes.values()) == {"succeeded"}, f"not all succeeded: {outcomes}")
    say("kill -9 of one", f"with {held} of {MESSAGES} requests at work: all {len(outcomes)} answered, each succeeded")


def take(connection: Any, channel: Any, queue: str, ids: set[str]) -> dict[str, str]:
    """Take answers until each request has one; returns outcomes by request."""
    outcomes: dict[str, str] = {}
    deadline = time.monotonic() + ANSWER_SECONDS
    while set(outcomes) != ids:
        expect(time.monotonic() < deadline, f"no answer for {sorted(ids - set(outcomes))}")
        method, properties, _ = channel.basic_get(queue, auto_ack=True)
        if method is None:
            connection.process_data_events(0.1)
            continue
        outcomes[properties.correlation_id] = properties.headers["llm-outcome"]
    return outcomes
