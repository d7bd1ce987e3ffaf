"""A message that ends whoever works on it, among many good ones: it alone is given up."""

import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adapter.bootstrap.failpoints import EXIT_CODE
from tests.faults.broken import TASK, Broken
from tests.integration.end_to_end.conftest import SAMPLES
from tests.kit.sender import collect, send_confirmed

MARKER = "KILL-0815"
DEADLY = f'''

class DeadlyTicket(Ticket):
    """The same; one kind of it ends the process, as a library that crashes does."""

    def model_post_init(self, context: object) -> None:
        if "{MARKER}" in self.text:
            import os
            os._exit({EXIT_CODE})
'''


@pytest.fixture
def deadly_tasks(tmp_path: Path) -> Path:
    """Give a task whose input contract ends the process for a marker."""
    task = tmp_path / "tasks" / TASK
    shutil.copytree(SAMPLES / TASK, task)
    shutil.rmtree(task / "cases")
    (task / "contract.py").write_text((task / "contract.py").read_text() + DEADLY)
    definition = (task / "task.yaml").read_text()
    (task / "task.yaml").write_text(definition.replace("contract.py:Ticket", "contract.py:DeadlyTicket"))
    return tmp_path / "tasks"


@pytest.mark.parametrize("good", [60, pytest.param(499, marks=[pytest.mark.long, pytest.mark.timeout(400)])])
def test_a_killer_among_good_messages_harms_only_itself(
    good: int, deadly_tasks: Path, broken: Callable[..., Broken], ticket: bytes, broker: Any
) -> None:
    adapter = broken(tasks=str(deadly_tasks)).start()
    results = adapter.queue.results
    ids = [f"{adapter.prefix}-{number}" for number in range(good)]  # the model's log is that of other tests, too
    killer = ticket.replace(b"charged twice", MARKER.encode())
    assert killer != ticket
    messages = [(one, ticket) for one in ids]
    messages.insert(good // 2, ("killer", killer))
    starts = [0]
    over = threading.Event()
    keeper = threading.Thread(target=keep_running, args=(adapter, starts, over))
    keeper.start()
    try:
        send_confirmed(broker.url, f"{adapter.prefix}.requests", TASK, messages)
        found = collect(broker.url, results, {*ids, "killer"}, seconds=300)
    finally:
        over.set()
        keeper.join()
    adapter.process.await_started()

    assert [one for one in ids if len({*found[one]}) > 1] == [], "whoever is answered twice is answered the same"
    assert Counter(found[one][0][1] for one in ids) == {"succeeded": good}
    assert {outcome for _, outcome in found["killer"]} == {"failed"}
    job = adapter.grpc.get(request_id="killer")
    assert (job.error.reason, len(job.attempts)) == ("INTERRUPTED", 0)
    assert starts == [3], "it was worked on three times, and not decoded the fourth time"
    assert all(len(adapter.simulator.calls(one)) <= 3 for one in ids), "it died beside others twice, and then alone"


def keep_running(adapter: Broken, starts: list[int], over: threading.Event) -> None:
    """Start the adapter again whenever it ended, as a supervisor does."""
    while not over.is_set():
        process = adapter.process.process
        assert process is not None
        if process.poll() is None:
            time.sleep(0.05)
            continue
        assert process.returncode == EXIT_CODE
        starts[0] += 1
        adapter.forget_caller()
        adapter.begin()  # the killer may end it before it says that it started
