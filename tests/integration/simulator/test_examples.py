"""The simulated model and the tasks that ship: golden cases are answered, and what is made up satisfies them too."""

from hashlib import sha256
from pathlib import Path

import pytest

from adapter.domain.exact_json import dumps, loads
from adapter.outbound.task_folders import load_tasks
from adapter.simulator.answers import sample_answers
from adapter.simulator.generate import Generator
from adapter.tasks.cases import differences
from adapter.tasks.task import Task

TASKS = load_tasks(Path(__file__).parents[3] / "examples" / "tasks").all()
MESSAGE = "Sehr geehrte Damen und Herren, die Rechnung wurde doppelt abgebucht"


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.ref)
def test_every_golden_document_is_answered_as_its_case_expects(task: Task) -> None:
    answers, generator = sample_answers([task]), Generator(task.strict_output.schema)
    documents = [case for case in task.cases if case.answer is not None and not isinstance(case.answer, str)]
    assert documents
    for case in documents:
        answer = answers[task.ref, sha256(case.payload).hexdigest()]
        reply = loads(dumps(generator.document(1, given=answer.document)))
        document = task.strict_output.lift(reply).document
        assert not list(differences(case.answer, document, "subset" if case.reply is None else "exact")), case.name


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.ref)
def test_made_up_documents_satisfy_the_full_contract(task: Task) -> None:
    generator = Generator(task.strict_output.schema)
    for seed in range(100):
        reply = loads(dumps(generator.document(seed, MESSAGE)))
        assert not task.output.check(task.strict_output.lift(reply).document)
