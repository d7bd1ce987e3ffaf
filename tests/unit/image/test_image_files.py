"""The image and the compose file say what the rest of the project says."""

import re
from typing import Any

import yaml

from adapter.secret import reveal
from adapter.settings import Settings
from adapter.settings_file import load_settings
from tests.unit.docs.pages import ROOT

COMPOSE = ROOT / "deploy" / "compose.yaml"
PASSWORD = re.compile(r"\$\{[A-Z_]+:\?[^}]*\}")


def dockerfile_environment() -> dict[str, str]:
    """Settings of the last stage."""
    last_stage = (ROOT / "Dockerfile").read_text().rpartition("\nFROM ")[2]
    return dict(re.findall(r"\b(ADAPTER_\w+)=(\S+)", last_stage))


def services() -> dict[str, Any]:
    found = yaml.safe_load(COMPOSE.read_text())["services"]
    assert isinstance(found, dict)
    return found


def settings_in(environment: dict[str, str]) -> Settings:
    return load_settings(None, environment)


def test_the_image_is_configured_with_settings_that_exist() -> None:
    settings = settings_in(dockerfile_environment())

    assert settings.grpc.listen == "0.0.0.0:50051"
    assert settings.http.listen == "0.0.0.0:8080"
    assert reveal(settings.database.url) == "sqlite:////data/adapter.db"


def test_the_image_listens_to_nobody_without_authentication() -> None:
    settings = settings_in(dockerfile_environment())

    assert not settings.grpc.open
    assert settings.auth is None


def test_the_compose_file_configures_settings_that_exist_and_asks_for_keys() -> None:
    given = {name: PASSWORD.sub("secret", value) for name, value in services()["adapter"]["environment"].items()}
    settings = settings_in(dockerfile_environment() | given)

    assert settings.amqp is not None
    assert settings.auth is not None
    assert reveal(settings.database.url) == "postgresql://adapter:secret@postgres:5432/adapter"
    assert reveal(settings.amqp.urls[0]) == "amqp://adapter:secret@rabbitmq:5672/"


def test_the_compose_file_gives_a_replica_time_to_drain() -> None:
    adapter = services()["adapter"]
    seconds = int(adapter["stop_grace_period"].removesuffix("s"))

    # Beside the drain: 10 s to send what is stored, and some to close.
    assert seconds >= settings_in(dockerfile_environment()).drain_seconds + 30


def test_the_compose_file_shows_nothing_beyond_this_machine() -> None:
    ports = [port for service in services().values() for port in service.get("ports", [])]

    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_the_image_is_built_with_the_uv_that_made_the_lock() -> None:
    image = re.search(r"^ARG UV_VERSION=(\S+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    setup = re.search(r"^UV_VERSION=(\S+)$", (ROOT / "deploy/setup/setup.sh").read_text(), re.MULTILINE)

    assert image is not None
    assert setup is not None
    assert image[1] == setup[1]


def test_the_image_says_the_version_of_the_project() -> None:
    image = re.search(r"^ARG VERSION=(\S+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    project = re.search(r'^version = "(\S+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)

    assert image is not None
    assert project is not None
    assert image[1] == project[1]
