"""The simulated model as a server: samples, log, switches, and what it refuses."""

import asyncio
import json
from pathlib import Path

import aiohttp
import pytest

from adapter.errors import CallMisconfigured, CallRejected, CallUnreachable
from adapter.outbound.models.openai_model import OpenAIModel
from adapter.simulator.server import SimulatedModelServer
from tests.integration.simulator.conftest import REQUEST, tagged
from tests.kit.rabbitmq import eventually

CHAT = {"model": "simulated", "messages": [{"role": "user", "content": "Hello there"}]}


async def test_a_known_payload_is_answered_with_its_sample(model: OpenAIModel) -> None:
    reply = await model.call(tagged(task="t@1.0.0", payload_sha256="known"), timeout_seconds=30)
    document = json.loads(reply.text or "")
    assert (document["category"], document["count"]) == ("OUTAGE", 5)


async def test_the_log_tells_which_call_was_for_whom(model: OpenAIModel, http: aiohttp.ClientSession) -> None:
    await model.call(tagged(request_id="a b/ü", job_id="j1", task="t@1.0.0"), timeout_seconds=30)
    await model.call(tagged(request_id="other"), timeout_seconds=30)
    await model.call(tagged(request_id="other", simulate="review"), timeout_seconds=30)
    async with http.get("/simulator/calls") as response:
        log = await response.json()
    assert (log["total"], log["in_flight"], log["counts"]) == (3, 0, {"a b/ü": 1, "other": 2})
    first = log["calls"][0]
    assert (first["request_id"], first["job_id"], first["task"]) == ("a b/ü", "j1", "t@1.0.0")
    assert (first["number"], first["nth"], first["fault"], first["source"]) == (1, 1, "", "generated")
    assert (first["status"], first["outcome"], first["concurrency"]) == (200, "answered", 1)
    assert first["latency_seconds"] > 0
    assert first["time"].endswith("+00:00")
    async with http.get("/simulator/calls", params={"request_id": "other", "since": "2"}) as response:
        assert [call["nth"] for call in (await response.json())["calls"]] == [2]
    async with http.delete("/simulator/calls"):
        pass
    async with http.get("/simulator/calls") as response:
        assert await response.json() == {"total": 0, "in_flight": 0, "counts": {}, "calls": []}


async def test_each_finished_call_is_a_line_of_the_log_file(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    server = SimulatedModelServer(log_path=path)
    port = await server.start()
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as http:
        for number in range(2):
            headers = {"x-llm-adapter-request-id": f"r{number}", "x-llm-adapter-caller": "replica-1"}
            async with http.post("/v1/chat/completions", json=CHAT, headers=headers) as response:
                assert response.status == 200
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["request_id"] for line in lines] == ["r0", "r1"]
    assert {line["caller"] for line in lines} == {"replica-1"}
    await server.stop()


async def test_an_outage_begins_and_ends_at_the_switch(model: OpenAIModel, http: aiohttp.ClientSession) -> None:
    async def switch(**controls: object) -> dict[str, object]:
        async with http.post("/simulator/control", json=controls) as response:
            assert response.status == 200
            return dict(await response.json())

    assert (await switch(down=True))["down"] is True
    with pytest.raises(CallUnreachable):
        await model.call(REQUEST, timeout_seconds=30)
    await switch(down=False, status=401)
    with pytest.raises(CallMisconfigured):
        await model.call(REQUEST, timeout_seconds=30)
    await switch(status=None, faults=["500@each:1"])
    with pytest.raises(CallUnreachable):
        await model.call(tagged(request_id="r"), timeout_seconds=30)
    await model.call(tagged(request_id="r"), timeout_seconds=30)
    shown = await switch(faults=[], latency="uniform(0.05,0.06)")
    assert shown == {"down": False, "status": None, "latency": "uniform(0.05,0.06)", "faults": []}
    assert (await model.call(REQUEST, timeout_seconds=30)).usage.model_seconds >= 0.05


@pytest.mark.parametrize(
    "controls",
    [{"down": 1}, {"status": 418}, {"latency": "fast"}, {"faults": ["teapot"]}, {"faults": 3}, {"up": 1}, []],
)
async def test_a_switch_that_is_not_understood_changes_nothing(http: aiohttp.ClientSession, controls: object) -> None:
    if isinstance(controls, dict):
        controls = {"latency": "7", **controls}
    async with http.post("/simulator/control", json=controls) as response:
        assert response.status == 400
        assert (await response.json())["error"]["message"]
    async with http.get("/simulator/control") as response:
        assert (await response.json())["latency"] == "0"


async def test_an_unknown_fault_is_refused_with_the_known_words(model: OpenAIModel) -> None:
    with pytest.raises(CallRejected, match=r"no fault .*429"):
        await model.call(tagged(simulate="teapot"), timeout_seconds=30)


async def test_a_schema_that_cannot_be_satisfied_is_refused(http: aiohttp.ClientSession) -> None:
    schema = {"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]}
    wanted = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema, "strict": True}}
    async with http.post("/v1/chat/completions", json={**CHAT, "response_format": wanted}) as response:
        assert response.status == 400
        assert "requires itself" in (await response.json())["error"]["message"]


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b'{"messages": []}', b'{"messages": "x"}', b'{"messages": [{"role": "user"}], "stream": true}'],
)
async def test_a_body_that_asks_nothing_is_refused(http: aiohttp.ClientSession, body: bytes) -> None:
    async with http.post("/v1/chat/completions", data=body) as response:
        assert response.status == 400


async def test_a_question_without_a_schema_is_answered_in_words(http: aiohttp.ClientSession) -> None:
    async with http.post("/v1/chat/completions", json=CHAT) as response:
        body = await response.json()
    assert "simulated" in body["choices"][0]["message"]["content"]
    usage = body["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]


async def test_models_and_health_are_told_and_other_paths_are_not_found(http: aiohttp.ClientSession) -> None:
    async with http.get("/v1/models") as response:
        assert (await response.json())["data"][0]["id"] == "simulated"
    async with http.get("/health") as response:
        assert await response.json() == {"status": "ok", "in_flight": 0}
    async with http.get("/v2/nothing") as response:
        assert response.status == 404
    async with http.get("/simulator/calls", params={"since": "x"}) as response:
        assert response.status == 400


async def test_a_taken_port_is_an_error(server: SimulatedModelServer) -> None:
    second = SimulatedModelServer()
    with pytest.raises(OSError, match="address already in use"):
        await second.start(port=server.port)
    await second.stop()


async def test_stopping_ends_the_calls_in_flight(server: SimulatedModelServer, model: OpenAIModel) -> None:
    call = asyncio.create_task(model.call(tagged(simulate="hang"), timeout_seconds=60))
    await eventually(lambda: server.simulation.log.in_flight)
    async with asyncio.timeout(60):
        await server.stop()
        with pytest.raises(CallUnreachable):
            await call
    assert server.simulation.log.in_flight == 0
