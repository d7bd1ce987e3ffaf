"""A Java caller under OpenTelemetry's Java agent; what it needs comes from Maven Central, once."""

import shutil
import subprocess
from pathlib import Path

from tests.kit.adapter_process import ROOT

ARTIFACTS = (
    "io.opentelemetry.javaagent:opentelemetry-javaagent:2.12.0",
    "com.rabbitmq:amqp-client:5.25.0",
    "org.slf4j:slf4j-api:1.7.36",
)
JARS = ROOT / "build" / "trace-jars"
PROGRAM = Path(__file__).with_name("JavaMonolith.java")
COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"


class JavaMissing(Exception):
    """There is no java or no mvn on the path."""


def ask_by_queue(broker_url: str, exchange: str, task: str, record: Path, collector_url: str) -> str:
    """Send a record, take the answer; returns the trace. Raises JavaMissing, CalledProcessError."""
    agent, *class_path = _jars()
    said = {
        "otel.service.name": "java-monolith",
        "otel.exporter.otlp.endpoint": collector_url,
        "otel.exporter.otlp.protocol": "http/protobuf",
        "otel.metrics.exporter": "none",
        "otel.logs.exporter": "none",
        "otel.javaagent.logging": "none",
    }
    command = [
        _found("java"),
        f"-javaagent:{agent}",
        *(f"-D{name}={value}" for name, value in said.items()),
        *("-cp", ":".join(map(str, class_path))),
        *(str(PROGRAM), broker_url, exchange, task, str(record)),
    ]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own command line
    return done.stdout.strip().split("-")[1]


def _jars() -> list[Path]:
    """Fetch what is not there yet; the agent is the first."""
    jars = [JARS / "{1}-{2}.jar".format(*artifact.split(":")) for artifact in ARTIFACTS]
    for artifact, jar in zip(ARTIFACTS, jars, strict=True):
        if not jar.exists():
            command = [_found("mvn"), "-q", "-B", COPY, f"-Dartifact={artifact}", f"-DoutputDirectory={JARS}"]
            subprocess.run(command, check=True)  # noqa: S603 - fixed artifacts
    return jars


def _found(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise JavaMissing(f"there is no {name} here: install a JDK from 11 on and Maven")
    return path
