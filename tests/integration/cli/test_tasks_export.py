"""`adapter tasks export`: files for programs in other languages, from the tasks as they are loaded."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.integration.cli.conftest import TICKET, write_config
from tests.kit.adapter_process import ROOT
from tests.kit.command_line import CommandLine
from tests.kit.java import compile_java, jars_of_maven, java, run_java  # noqa: F401 - java is a fixture

EXAMPLES = ("classify-ticket", "extract-invoice", "summarise-claim")
BIND = ROOT / "tests" / "integration" / "tasks" / "java" / "Bind.java"
VALIDATOR = ROOT / "tests" / "integration" / "cli" / "validate_asyncapi.mjs"
PARSER = "@asyncapi/parser@3.6.3"


def test_an_export_is_what_the_service_would_publish(cli: CommandLine) -> None:
    done = cli.run("tasks", "export", "extract-invoice", "--to", "out")
    shown = cli.run("tasks", "show", "extract-invoice").document

    assert done.code == 0
    assert done.stdout == b"4 files of extract-invoice@1.0.0 written.\n"
    assert "takes no JSON record" in done.stderr
    schema = json.loads((cli.folder / "out/extract-invoice/output.schema.json").read_text())
    assert schema == shown["output_schema"]
    assert (cli.folder / "out/java/llmadapter/extractinvoice/BookingRecord.java").is_file()


def test_the_names_at_the_broker_are_those_of_the_configuration(cli: CommandLine) -> None:
    write_config(cli.folder, amqp={"urls": ["amqp://localhost"], "prefix": "crm"})

    cli.run("tasks", "export", "classify-ticket@1", "--to", "out", "--java", "none")

    assert not (cli.folder / "out/java").exists()
    document = json.loads((cli.folder / "out/classify-ticket/asyncapi.json").read_text())
    assert document["channels"]["requests"]["bindings"]["amqp"]["exchange"]["name"] == "crm.requests"


def test_a_check_finds_what_is_not_as_it_would_be_written(cli: CommandLine) -> None:
    arguments = ("tasks", "export", "classify-ticket", "--to", "out", "--package", "com.acme.crm")
    cli.run(*arguments)
    same = cli.run(*arguments, "--check")
    (cli.folder / "out/java/com/acme/crm/Triage.java").write_text("// mine\n")
    (cli.folder / "out/classify-ticket/asyncapi.json").unlink()

    other = cli.run(*arguments, "--check")

    assert (same.code, same.stdout) == (0, b"5 files of classify-ticket@1.0.0 are as they must be.\n")
    assert (other.code, other.stdout) == (3, b"")
    assert "out/java/com/acme/crm/Triage.java differs" in other.stderr
    assert "out/classify-ticket/asyncapi.json is missing" in other.stderr
    assert not (cli.folder / "out/classify-ticket/asyncapi.json").exists(), "a check writes nothing"


def test_what_has_not_changed_is_not_written_again(cli: CommandLine) -> None:
    arguments = ("tasks", "export", "classify-ticket", "--to", "out")
    cli.run(*arguments)
    path = cli.folder / "out/classify-ticket/asyncapi.json"
    before = path.stat().st_mtime_ns

    cli.run(*arguments)

    assert path.stat().st_mtime_ns == before, "a build tool would compile it again"


def test_wrong_usage_and_a_place_that_cannot_be_written_are_told(cli: CommandLine) -> None:
    (cli.folder / "file").write_text("")

    assert cli.run("tasks", "export", "classify-ticket", "--to", "out", "--package", "Com.new").code == 2
    assert cli.run("tasks", "export", "nonsense", "--to", "out").code == 1
    in_the_way = cli.run("tasks", "export", "classify-ticket", "--to", "file")
    assert in_the_way.code == 4
    assert "cannot be written" in in_the_way.stderr


@pytest.mark.usefixtures("java")
@pytest.mark.parametrize(("style", "release"), [("beans", 8), ("records", 17)])
def test_a_simulated_result_is_bound_to_its_class(cli: CommandLine, style: str, release: int) -> None:
    for task in EXAMPLES:
        cli.run("tasks", "export", task, "--to", "out", "--java", style)
    result = cli.run("run", "classify-ticket", TICKET)
    (cli.folder / "result.json").write_bytes(result.stdout)
    jackson = jars_of_maven(cli.folder / "jackson", "com.fasterxml.jackson.core:jackson-databind:2.13.5")
    classes = cli.folder / "classes"
    compile_java(sorted((cli.folder / "out/java").rglob("*.java")), classes, release=release)
    compile_java([BIND], classes, release=8, class_path=[classes, *jackson])

    category = "category" if style == "beans" else "categoryAsEnum"
    arguments = ("llmadapter.classifyticket.Triage", cli.folder / "result.json", category)
    bound, shown = run_java("Bind", *arguments, class_path=[classes, *jackson]).splitlines()

    assert json.loads(bound) == result.document
    assert shown == f"Category {result.document['category']}"


def test_the_reference_parser_of_asyncapi_has_no_complaint(cli: CommandLine) -> None:
    if shutil.which("npm") is None:
        pytest.skip("LOUD: the AsyncAPI documents were not validated: no npm here to get the reference parser with.")
    tools = ROOT / ".tools" / "asyncapi"
    if not (tools / "node_modules").exists():
        _run("npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", tools, PARSER)
    for task in EXAMPLES:
        cli.run("tasks", "export", task, "--to", "out")
    files = sorted((cli.folder / "out").glob("*/asyncapi.json"))

    found = json.loads(_run("node", VALIDATOR, tools, *files))

    warnings = [message for complaints in found.values() for severity, message in complaints if severity < 2]
    assert (len(found), warnings) == (3, [])


def _run(*command: str | Path) -> str:
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=100, check=False)  # noqa: S603 - tools of Node with the test's own arguments
    assert done.returncode == 0, done.stderr
    return done.stdout
