"""Without RabbitMQ, the program that starts a private one names the package to install."""

from pathlib import Path

import pytest

from tests.kit.rabbitmq import private_broker_module


def test_a_missing_server_names_its_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    module = private_broker_module()
    monkeypatch.setattr(module, "_SCRIPT_DIRECTORIES", (str(tmp_path),))
    with pytest.raises(module.BrokerError, match="apt-get install -y rabbitmq-server"):
        module.find_server()
