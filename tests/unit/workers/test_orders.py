"""What a parent tells a worker is what it read itself."""

import json
from pathlib import Path

import pytest

from adapter.bootstrap.seat import Seat, read_orders, write_orders
from adapter.settings_file import load_settings

ROOT = Path(__file__).parents[3]
SEAT = Seat(2, "127.0.0.1:50051", "/tmp/x/2.sock")  # noqa: S108 - a name, nothing is made there


def test_a_worker_works_with_the_configuration_of_its_parent() -> None:
    settings = load_settings(ROOT / "examples" / "adapter.yaml", {"ADAPTER_DRAIN_SECONDS": "2m"})

    assert read_orders(write_orders(settings, SEAT)) == (settings, SEAT)


def test_orders_hold_the_secrets_that_repr_hides_and_keep_references(tmp_path: Path) -> None:
    file = tmp_path / "adapter.yaml"
    model = {
        "provider": "openai",
        "model": "m",
        "api_key": "hush",
        "headers": {"x-key": "${X_KEY}"},
        "price": {"input": "0.25", "output": "2.00"},
        "ca_file": "/ca.pem",
    }
    database = {"url": "postgresql://adapter:hush@db/adapter"}
    file.write_text(json.dumps({"models": {"default": model}, "database": database}))
    settings = load_settings(file, {})

    read, _ = read_orders(write_orders(settings, SEAT))

    assert read == settings
    assert read.models["default"].headers["x-key"].get_secret_value() == "${X_KEY}"


@pytest.mark.parametrize("options", [{"models": {}}, {"amqp": None}])
def test_what_was_changed_after_reading_is_told_too(options: dict[str, object]) -> None:
    settings = load_settings(ROOT / "examples" / "adapter.yaml", {}).model_copy(update=options)

    assert read_orders(write_orders(settings, SEAT))[0] == settings
