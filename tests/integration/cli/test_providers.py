"""Models of other providers by the command line: told their own schema, checked, and what the doctor advises."""

import asyncio
import json
import shutil
from typing import Any

from tests.integration.cli.conftest import TASKS, write_config
from tests.kit.command_line import CommandLine
from tests.kit.scripted_endpoint import ScriptedEndpoint, answer, completion, scripted_endpoint

TRIAGE = {"category": "BILLING", "urgency": "HIGH", "language": "en", "team": "ACCOUNTS", "summary": "Charged twice."}


def gemini(endpoint: ScriptedEndpoint) -> dict[str, Any]:
    return {"provider": "gemini", "model": "gemini-2.5-flash", "base_url": endpoint.url, "api_key": "k"}


async def test_a_task_is_told_to_its_model_as_that_takes_it(cli: CommandLine) -> None:
    async with scripted_endpoint() as endpoint:
        write_config(cli.folder, models={"default": gemini(endpoint)})
        done = await asyncio.to_thread(cli.run, "run", "extract-invoice", invoice())
        [asked, *_] = endpoint.asked
    shown = cli.run("tasks", "show", "extract-invoice").document["schema_for_the_model"]
    sent = asked.document["response_format"]["json_schema"]["schema"]
    assert sent == shown
    assert '"pattern"' not in json.dumps(sent), "gemini takes none"
    assert done.stderr.startswith("OUTPUT_INVALID")


def invoice() -> str:
    return str(TASKS / "extract-invoice" / "samples" / "01-one-line.txt")


def test_a_task_is_checked_for_the_models_it_uses(cli: CommandLine) -> None:
    model = {"provider": "gemini", "model": "gemini-2.5-flash", "api_key": "k"}
    write_config(cli.folder, models={"default": model})

    checked = cli.run("tasks", "check", "--json")
    alone = cli.run("tasks", "check", TASKS, "--json")

    said = [problem["message"] for problem in checked.document]
    assert checked.code == 0
    assert [message for message in said if "model.seed: the model default (gemini) does not take this" in message]
    assert [message for message in said if "(gemini) is told maxLength in words only" in message]
    assert not [problem for problem in alone.document if "gemini" in problem["message"]]


async def test_the_doctor_says_what_to_look_at_for_each_provider(cli: CommandLine) -> None:
    refused = answer([{"error": {"code": 403, "message": "x", "status": "PERMISSION_DENIED"}}], 403)
    async with scripted_endpoint() as endpoint:
        endpoint.script = [refused]
        vertex = {
            "provider": "vertex",
            "model": "google/gemini-2.5-flash",
            "project": "p",
            "base_url": endpoint.url,
            "credentials": '{"type": "external_account"}',
        }
        azure = {"provider": "azure", "base_url": endpoint.url, "deployment": "d", "api_key": "k"}
        models = {"default": {"provider": "simulated"}, "goo": gemini(endpoint), "azure": azure, "vertex": vertex}
        write_config(cli.folder, models=models)
        done = await asyncio.to_thread(cli.run, "doctor", "--json")

    said = {finding["part"]: finding["problem"] for finding in done.document}
    assert done.code == 4
    assert said["model default"] == ""
    assert "the Gemini API is enabled" in said["model goo"]
    assert "Cognitive Services OpenAI User" in said["model azure"]
    assert "service_account" in said["model vertex"]
    assert "Vertex AI User" in said["model vertex"]


async def test_a_model_that_answers_is_well(cli: CommandLine) -> None:
    async with scripted_endpoint() as endpoint:
        endpoint.script = [answer(completion('{"ok": true}'))]
        write_config(cli.folder, models={"default": gemini(endpoint)})
        done = await asyncio.to_thread(cli.run, "doctor", "--json")
    assert done.code == 0
    assert {"part": "model default", "problem": "", "owner": "", "detail": "gemini, answered as served-model-2026"} in [
        {key: finding[key] for key in ("part", "problem", "owner", "detail")} for finding in done.document
    ]


def test_a_model_that_cannot_be_told_the_contract_is_refused_where_it_is_configured_and_where_it_is_asked_for(
    cli: CommandLine,
) -> None:
    folder = cli.folder / "deep"
    shutil.copytree(TASKS / "extract-invoice", folder / "extract-invoice")
    file = folder / "extract-invoice" / "output.schema.json"
    schema = json.loads(file.read_text())
    nested: dict[str, Any] = {"type": "string", "maxLength": 5}
    for _ in range(7):
        nested = {"type": "object", "properties": {"a": nested}, "required": ["a"], "additionalProperties": False}
    schema["properties"]["deep"] = nested
    file.write_text(json.dumps(schema))
    azure = {"provider": "azure", "base_url": "https://r.example", "deployment": "d", "api_key": "k"}

    write_config(cli.folder, tasks=str(folder), models={"default": {"provider": "simulated"}, "corp": azure})
    asked_for = cli.run("run", "extract-invoice", invoice(), "--model", "corp")
    write_config(cli.folder, tasks=str(folder), models={"default": azure})
    served, checked = cli.run("serve"), cli.run("tasks", "check")

    assert asked_for.code == 1
    assert asked_for.stderr.startswith("MODEL_REJECTED: corp: it cannot be told the task's output contract")
    assert (served.code, checked.code) == (3, 3)
    assert "its output contract cannot be told to the model 'default'" in served.stderr
    assert "azure takes 5" in served.stderr
    assert "azure takes 5" in checked.stderr
