"""The example tasks: loaded from disk, without a fault, and each case is what it says."""

from pathlib import Path

import pytest

from adapter.outbound.task_check import check_tasks
from adapter.outbound.task_folders import load_tasks, read_tasks
from adapter.pipeline.check_cases import check_case
from adapter.tasks.cases import Case
from adapter.tasks.problem import Level
from adapter.tasks.task import Task

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "examples" / "tasks"
TASKS = {task.name: task for task in load_tasks(EXAMPLES).all()}
CASES = [(name, case.name) for name, task in TASKS.items() for case in task.cases]


def _case(task: Task, name: str) -> Case:
    return next(case for case in task.cases if case.name == name)


def test_there_are_three_tasks() -> None:
    assert sorted(TASKS) == ["classify-ticket", "extract-invoice", "summarise-claim"]


def test_the_check_has_neither_an_error_nor_a_warning_for_them() -> None:
    checked = check_tasks(EXAMPLES)

    assert checked.versions == 3
    assert [str(problem) for problem in checked.problems if problem.level is not Level.INFO] == []


def test_nothing_has_changed_against_itself() -> None:
    assert check_tasks(EXAMPLES, against=EXAMPLES).errors == ()


@pytest.mark.parametrize(("task", "case"), CASES)
def test_each_case_is_what_it_says(task: str, case: str) -> None:
    assert check_case(TASKS[task], _case(TASKS[task], case)) == ()


@pytest.mark.parametrize("name", sorted(TASKS))
def test_each_task_has_varied_samples(name: str) -> None:
    samples = sorted((EXAMPLES / name / "samples").iterdir())
    used = {case.payload for case in TASKS[name].cases}
    tags = {tag for case in TASKS[name].cases for tag in case.tags}

    assert len(samples) >= 10
    assert [sample.name for sample in samples if sample.read_bytes() not in used] == []
    assert {"demo", "english", "german", "bad-input", "bad-reply"} <= tags


@pytest.mark.parametrize("name", sorted(TASKS))
def test_each_task_has_short_samples_for_the_demo(name: str) -> None:
    demo = [case for case in TASKS[name].cases if "demo" in case.tags]

    assert 2 <= len(demo) <= 3
    assert all(case.expect_verdict == "ACCEPTED" and case.answer is not None for case in demo)


@pytest.mark.parametrize("name", sorted(TASKS))
def test_each_expected_output_is_what_the_simulated_model_can_answer(name: str) -> None:
    task = TASKS[name]
    answers = [case.answer for case in task.cases if isinstance(case.answer, dict)]

    assert len(answers) >= 10
    for answer in answers:
        lowered = task.strict_output.lower(answer)
        assert task.output.check(task.strict_output.lift(lowered).document) == ()


@pytest.mark.parametrize(
    ("task", "sample", "codec", "text"),
    [
        ("classify-ticket", "03-soap-latin9-dunning.xml", "iso-8859-15", "1.249,90 €"),
        ("classify-ticket", "04-soap-utf16-line-down.xml", "utf-16", "Özdemir"),
        ("classify-ticket", "05-windows-1252.json", "cp1252", "„Premium Plus“"),
        ("extract-invoice", "02-windows-1252.txt", "cp1252", "Eßlingen"),
        ("extract-invoice", "04-outlook-latin1.html", "latin-1", "Aufzüge"),
        ("extract-invoice", "08-notepad-utf16.txt", "utf-16", "Łukasz"),
        ("extract-invoice", "10-austrian-latin9.txt", "iso-8859-15", "344,00 €"),
        ("summarise-claim", "02-storm-roof.cp273", "cp273", "Käthe Großmüller"),
        ("summarise-claim", "04-quoted-note.csv", "cp1252", "fordert 12.750,00 €"),
    ],
)
def test_samples_have_the_bytes_that_their_systems_emit(task: str, sample: str, codec: str, text: str) -> None:
    content = (EXAMPLES / task / "samples" / sample).read_bytes()

    assert text in content.decode(codec)
    assert text.encode() not in content


def test_git_leaves_the_bytes_of_samples_alone() -> None:
    assert "* -text" in (EXAMPLES / ".gitattributes").read_text()
    crlf = (EXAMPLES / "extract-invoice" / "samples" / "02-windows-1252.txt").read_bytes()
    assert crlf.count(b"\r\n") == crlf.count(b"\n") > 10


def test_the_invoice_task_needs_no_python() -> None:
    assert list((EXAMPLES / "extract-invoice").rglob("*.py")) == []


def test_the_catalogue_of_the_examples_resolves_bare_names() -> None:
    folders = read_tasks(EXAMPLES)

    assert [loaded.task.ref for loaded in folders.loaded] == [
        "classify-ticket@1.0.0",
        "extract-invoice@1.0.0",
        "summarise-claim@1.0.0",
    ]
