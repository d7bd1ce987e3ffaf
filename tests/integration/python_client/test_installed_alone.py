"""The client in an environment of its own: what it brings, a call, and its pytest plugin."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from llm_adapter.testing import FakeAdapter

from tests.kit.adapter_process import ROOT

UV = shutil.which("uv") or str(ROOT / ".tools" / "bin" / "uv")
ALLOWED = {"llm-adapter-client", "grpcio", "protobuf", "googleapis-common-protos", "typing-extensions"}
CALL = """
import asyncio, sys
from llm_adapter import AdapterClient, AsyncAdapterClient

async def run():
    async with AsyncAdapterClient(sys.argv[1]) as client:
        return (await client.run("t", b"")).document()

with AdapterClient(sys.argv[1]) as client:
    print(client.run("t", b"").document(), asyncio.run(run()))
"""
CALLERS_TEST = """
from llm_adapter import AdapterClient
from llm_adapter.testing import FakeAdapter

def test_booking(fake_adapter: FakeAdapter, fake_adapter_client: AdapterClient) -> None:
    fake_adapter.answer("classify-ticket", {"category": "BILLING"})
    assert fake_adapter_client.run("classify-ticket", b"{}").document() == {"category": "BILLING"}

def test_the_whole_way(simulated_adapter_client: AdapterClient) -> None:
    raise AssertionError("without an adapter this is skipped")
"""


def run(*command: object, folder: Path | None = None) -> str:
    environment = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    done = subprocess.run(  # noqa: S603 - our own arguments
        [str(part) for part in command], capture_output=True, text=True, check=False, cwd=folder, env=environment
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Install `./clients/python` into an empty environment; gives its Python."""
    folder = tmp_path_factory.mktemp("alone")
    run(UV, "venv", "-q", "--no-config", "--python", sys.executable, folder / "venv")
    python = folder / "venv" / "bin" / "python"
    run(UV, "pip", "install", "-q", "--no-config", "--python", python, ROOT / "clients" / "python", folder=folder)
    yield python
    shutil.rmtree(folder)


def installed(python: Path) -> set[str]:
    listed = json.loads(run(UV, "pip", "list", "--no-config", "--format", "json", "--python", python))
    return {package["name"] for package in listed}


def test_it_brings_grpc_and_protobuf_and_nothing_of_the_server(alone: Path) -> None:
    assert installed(alone) <= ALLOWED


def test_both_clients_call_from_there(alone: Path, tmp_path: Path) -> None:
    with FakeAdapter() as fake:
        fake.answer("t", {"n": 1})
        output = run(alone, "-W", "error", "-c", CALL, fake.address, folder=tmp_path)

    assert output == "{'n': 1} {'n': 1}\n"


def test_it_says_that_it_is_typed(alone: Path, tmp_path: Path) -> None:
    look = "import llm_adapter, pathlib; print((pathlib.Path(llm_adapter.__file__).parent / 'py.typed').exists())"

    assert run(alone, "-c", look, folder=tmp_path) == "True\n"


def test_its_fixtures_are_there_for_the_callers_tests(alone: Path, tmp_path: Path) -> None:
    target = tmp_path / "packages"
    run(UV, "pip", "install", "-q", "--no-config", "--python", alone, "--target", target, "pytest", folder=tmp_path)
    (tmp_path / "test_caller.py").write_text(CALLERS_TEST)
    program = f"import sys; sys.path.append({str(target)!r}); import pytest; sys.exit(pytest.main(['-q', '-rs']))"

    output = run(alone, "-c", program, folder=tmp_path)

    assert "1 passed, 1 skipped" in output
    assert "the command `adapter` is not installed" in output
