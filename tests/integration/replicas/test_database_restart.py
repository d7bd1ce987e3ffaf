"""Promise 2 while the database goes away: it crashes once and is stopped once in the middle of many queue jobs."""

import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from adapter.outbound.sql import migrate
from tests.integration.end_to_end.conftest import SimulatorProcess
from tests.integration.end_to_end.test_trouble import declare_results, wait_for_calls
from tests.integration.replicas.conftest import shared_settings
from tests.integration.replicas.test_three_replicas import MESSAGES
from tests.kit.adapter_process import AdapterProcess
from tests.kit.databases import private_postgres_module
from tests.kit.sender import collect, send_confirmed

pytestmark = pytest.mark.timeout(300)

PREFIX = f"restart{uuid4().hex[:6]}"
AWAY_SECONDS = 2.0


def test_a_database_that_restarts_in_the_middle_of_many_jobs_loses_none(
    tmp_path: Path, broker: Any, ticket: bytes
) -> None:
    simulator = SimulatorProcess(tmp_path, "--latency", "0.5")
    request_ids = [f"d-{number}" for number in range(MESSAGES)]
    with private_postgres_module().PrivatePostgres() as server:
        migrate.upgrade(server.url)
        settings = shared_settings(server.url, broker.url, PREFIX, simulator.url)
        settings["amqp"]["max_held"] = 20
        with AdapterProcess(tmp_path, settings) as adapter:
            results = declare_results(broker.url, PREFIX)
            send_confirmed(broker.url, f"{PREFIX}.requests", "classify-ticket", [(one, ticket) for one in request_ids])
            wait_for_calls(simulator, MESSAGES // 4)
            server.crash()
            server.start()
            wait_for_calls(simulator, MESSAGES // 2)
            server.stop_server()
            time.sleep(AWAY_SECONDS)
            server.start()
            found = collect(broker.url, results, set(request_ids), seconds=120)
            metrics = adapter.metrics()
            log = adapter.log_text()
            rows = server.sql("SELECT state, count(*) FROM jobs GROUP BY state")
            password = server.url.partition("@")[0].rpartition(":")[2]
    simulator.stop()

    assert set(found) == set(request_ids)
    assert {outcome for copies in found.values() for _, outcome in copies} == {"succeeded"}
    assert {len({message_id for message_id, _ in copies}) for copies in found.values()} == {1}
    assert rows == f"SUCCEEDED|{MESSAGES}"
    assert "adapter_parked_total{" not in metrics
    assert "store_changed" in log, "it was away for long enough to be noticed"
    assert password not in log
