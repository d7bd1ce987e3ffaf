"""What the pages name exists: tests, metrics, dependencies, rpcs, broker objects, commands."""

import re
import tomllib

from adapter.broker.topology import Topology
from adapter.cli.app import build_app
from adapter.outbound.metrics import Metrics
from tests.unit.docs.pages import ROOT, page, rows


def test_every_test_that_is_named_as_a_proof_exists() -> None:
    named = re.findall(r"`([\w/]+)::(\w+)`", page("guarantees.md"))
    assert len(named) > 20
    code = {folder: _code_in(folder) for folder, _ in named}
    assert [f"{folder}::{name}" for folder, name in named if f"def {name}(" not in code[folder]] == []


def _code_in(folder: str) -> str:
    return "\n".join(file.read_text(encoding="utf-8") for file in sorted((ROOT / "tests" / folder).glob("test_*.py")))


def test_the_list_of_metrics_is_complete() -> None:
    families = [(metric.name, metric.type) for metric in Metrics().registry.collect()]
    ours = [(name, kind) for name, kind in families if name.startswith("adapter_")]
    served = {f"{name}_total" if kind == "counter" else name for name, kind in ours}
    listed = {row[0].strip("`") for row in rows(page("operations.md")) if row[0].startswith("`adapter_")}
    assert listed == served


def test_each_dependency_is_listed_with_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].values()
    wanted = [*project["dependencies"], *(one for extra in extras for one in extra)]
    listed = {name for row in rows(page("architecture.md")) for name in re.findall(r"`([\w.-]+)`", row[0])}
    missing = {re.split(r"[\[<>=]", one)[0] for one in wanted} - listed
    assert not missing


def test_the_objects_of_the_broker_are_those_that_are_declared() -> None:
    listed = {name for row in rows(page("queue.md")) for name in re.findall(r"`(adapter\.[\w.<>-]+)`", row[0])}
    assert listed == {*Topology("adapter", ["<task>"]).own_names()}


def test_every_command_that_a_page_names_exists() -> None:
    app = build_app([])
    known = {command.name for command in app.registered_commands} | {group.name for group in app.registered_groups}
    pages = [page("README.md"), *(page(path.name) for path in (ROOT / "docs").glob("*.md"))]
    named = {word for text in pages for word in re.findall(r"(?:^|[`$] ?)adapter ([a-z][a-z-]+)", text, re.MULTILINE)}
    assert named - known <= {"serves"}


def test_every_rpc_is_explained() -> None:
    text = page("grpc.md")
    for name in ("job_service", "task_service", "admin_service"):
        proto = (ROOT / "proto" / "llm_adapter" / "v1" / f"{name}.proto").read_text()
        assert not [rpc for rpc in re.findall(r"rpc (\w+)\(", proto) if f"`{rpc}`" not in text]
