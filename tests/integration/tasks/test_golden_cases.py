"""Every golden case of every example, from its bytes to its outcome, with the simulated model."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from adapter.bootstrap.core import Core, build_core, build_store
from adapter.bootstrap.models import build_models, close_models
from adapter.domain import exact_json
from adapter.domain.job import Job, JobRequest
from adapter.errors import AdapterError
from adapter.outbound.metrics import Metrics
from adapter.outbound.task_folders import load_tasks
from adapter.settings import Database, ModelSection, Settings
from adapter.tasks.cases import Case, differences
from adapter.tasks.task import Task

EXAMPLES = Path(__file__).parents[3] / "examples" / "tasks"
CATALOGUE = load_tasks(EXAMPLES)
CASES = [pytest.param(task, case, id=f"{task.name}/{case.name}") for task in CATALOGUE.all() for case in task.cases]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def core(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Core]:
    """The whole core with a simulated model and a memory of its own, shared by all cases."""
    database = tmp_path_factory.mktemp("golden") / "adapter.db"
    settings = Settings(
        tasks=EXAMPLES,
        database=Database(url=f"sqlite:///{database}"),
        models={"default": ModelSection(provider="simulated")},
    )
    metrics = Metrics()
    models = build_models(settings, CATALOGUE, metrics)
    built = build_core(settings, CATALOGUE, models, metrics, build_store(settings))
    await built.store.open()
    await built.store.heartbeat()
    yield built
    await built.store.close()
    await close_models(models)


async def _run(core: Core, task: Task, case: Case) -> Job | AdapterError:
    request = JobRequest(
        "golden", task.ref, case.legacy_payload, request_id=f"{task.name}-{case.name}", accept_review=True
    )
    try:
        return await core.jobs.run(request, timeout_seconds=60)
    except AdapterError as exc:
        return exc


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("task", "case"), CASES)
async def test_a_golden_case_ends_as_it_says(core: Core, task: Task, case: Case) -> None:
    ended = await _run(core, task, case)

    if case.expect_reason:
        assert isinstance(ended, AdapterError), ended
        assert ended.reason == case.expect_reason
        return
    assert isinstance(ended, Job), ended
    assert ended.result is not None
    document = exact_json.loads(ended.result.content)
    assert case.expect_verdict in {None, ended.result.verdict}
    assert list(differences(case.expect_output, document, case.expect_match)) == []
    assert task.output.check(document) == ()
