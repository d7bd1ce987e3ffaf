"""A replay by queue: what is recorded is answered, and what is not fails at once instead of being held."""

from typing import Any

import pytest

from tests.integration.cassettes.examples import CASSETTES
from tests.integration.cli.conftest import NOBODY, TICKET
from tests.kit.adapter_process import AdapterProcess
from tests.kit.callers import QueueCaller
from tests.kit.rabbitmq import broker  # noqa: F401 - a fixture

PREFIX = "replay"
MODEL = {"provider": "compatible", "model": "simulated", "base_url": f"http://{NOBODY}/v1"}


@pytest.fixture
def settings(broker: Any) -> dict[str, Any]:  # noqa: F811 - the fixture
    """Give settings of a service whose model is not there."""
    return {"models": {"default": MODEL}, "amqp": {"urls": [broker.url], "prefix": PREFIX}}


def test_a_queue_is_answered_from_recordings_and_a_miss_fails_at_once(tmp_path: Any, settings: dict[str, Any]) -> None:
    with AdapterProcess(tmp_path, settings, "--replay", str(CASSETTES)) as adapter:
        queue = QueueCaller(settings["amqp"]["urls"][0], PREFIX).open()
        queue.send("classify-ticket", TICKET.read_bytes())
        recorded = queue.next_result()
        queue.send("classify-ticket", TICKET.read_bytes().replace(b"249", b"250"))
        missed = queue.next_result()
        metrics = adapter.metrics()
        queue.close()

    assert (recorded.outcome, recorded.document["category"]) == ("succeeded", "BILLING")
    assert (missed.outcome, missed.reason) == ("failed", "MODEL_REJECTED")
    assert "250 EUR" in str(missed.document), "the difference shows what is asked now"
    assert 'adapter_model_up{model="default"} 1.0' in metrics
