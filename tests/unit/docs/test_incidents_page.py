"""docs/incidents.md names metrics, labels, reasons and log events that exist, and leaves out no warning."""

import re
from collections.abc import Iterable
from typing import Any

import pytest
from prometheus_client import Counter, ProcessCollector

from adapter.errors import concrete_errors
from adapter.outbound.metrics import Metrics
from adapter.pipeline.availability.gate import GateState
from tests.unit.docs.pages import page, rows
from tests.unit.docs.told_events import WARNS, all_events, events

PAGE = page("incidents.md")
INCIDENTS = [row for row in rows(PAGE) if len(row) == 5 and row[0] != "you see"]
OF_THE_PARENT = {"adapter_worker_up": {"worker"}, "adapter_worker_restarts_total": {"worker"}}
# Bugs of ours that show as something else, too: the state of the link, the log's traceback.
NOT_INCIDENTS = {"link_setup_crashed", "event_hook_failed"}


def metrics() -> dict[str, set[str]]:
    """Every metric as it is served, with its labels."""
    collectors: Iterable[Any] = Metrics().registry._collector_to_names  # noqa: SLF001 - the labels are said nowhere else
    ours = [one for one in collectors if not isinstance(one, ProcessCollector)]
    served = {(f"{one._name}_total" if isinstance(one, Counter) else one._name): one for one in ours}  # noqa: SLF001 - as above
    return {name: set(one._labelnames) for name, one in served.items()} | OF_THE_PARENT  # noqa: SLF001 - as above


def test_every_row_says_what_to_look_for_and_what_to_do() -> None:
    assert len(INCIDENTS) > 30
    assert [row[0] for row in INCIDENTS if not row[0] or not (row[1] or row[2]) or not row[3] or not row[4]] == []


def test_every_metric_that_is_named_is_served_with_those_labels() -> None:
    known = metrics()
    named = re.findall(r"`(adapter_\w+)(?:\{(\w+)=)?", PAGE)
    assert named
    assert {name for name, _ in named} <= known.keys()
    assert [(name, label) for name, label in named if label and label not in known[name]] == []


def test_every_reason_and_cause_that_is_named_exists() -> None:
    named = set(re.findall(r'(?:reason|cause)="(\w+)"', PAGE)) | set(re.findall(r"--reason (\w+)", PAGE))
    assert named
    assert named <= {error.reason for error in concrete_errors()}


def test_every_state_of_a_model_is_named() -> None:
    assert set(re.findall(r"`model_state` \(`(\w+)`\)", PAGE)) == {state.value for state in GateState} - {"up"}


def test_every_event_that_is_named_is_told_by_the_code() -> None:
    named = {name for row in INCIDENTS for name in re.findall(r"(?<!\()`([a-z]+(?:_[a-z]+)*)`", row[2])}
    assert len(named) > 40
    assert named - all_events() == set()


def test_every_warning_of_the_code_is_on_the_page() -> None:
    warnings = {event for event in events(WARNS) if re.fullmatch(r"[a-z]+(_[a-z]+)+", event)}
    assert len(warnings) > 20
    assert [event for event in sorted(warnings - NOT_INCIDENTS) if f"`{event}`" not in PAGE] == []


@pytest.mark.parametrize("name", ["incidents.md", "operations.md", "rabbitmq.md"])
def test_every_setting_that_a_page_names_exists(name: str) -> None:
    known = {row[0].strip("`") for row in rows(page("configuration.md")) if row[0].startswith("`")}
    sections = {path.partition(".")[0] for path in known if "." in path} - {"models"}
    named = set(re.findall(rf"`((?:{'|'.join(sorted(sections))})\.[a-z_]+)`", page(name)))
    assert named
    assert [path for path in named if path not in known and not any(one.startswith(f"{path}.") for one in known)] == []
