"""Whether the golden cases of a task can be what they say: payloads decode, expected outputs satisfy the contract."""

from collections.abc import Iterable, Iterator
from typing import Any

from adapter.errors import AdapterError, InputInvalid, PayloadTooLarge, PayloadUnreadable, Violation
from adapter.pipeline.check_input import check_input
from adapter.pipeline.decode import decode
from adapter.pipeline.prompt import render_prompt
from adapter.tasks.build import LoadedTask
from adapter.tasks.cases import Case, differences
from adapter.tasks.located_yaml import LocatedYaml, Path, parse_located
from adapter.tasks.problem import Problem
from adapter.tasks.task import Task

_OF_THE_PAYLOAD = frozenset(error.reason for error in (PayloadUnreadable, PayloadTooLarge, InputInvalid))
_SHOWN = 5
# A nonce as a run would draw one: the prompt is rendered to see that it can be, and thrown away.
_NONCE = "00000000"

Found = tuple[Path, str]


def check_cases(loaded: LoadedTask) -> tuple[Problem, ...]:
    """Check every case without a model; problems are at the key of the case that is wrong."""
    return tuple(
        _located(loaded, case).problem(path, f"{'.'.join(map(str, path))}: {message}")
        for case in loaded.task.cases
        for path, message in check_case(loaded.task, case)
    )


def check_case(task: Task, case: Case) -> tuple[Found, ...]:
    """Check one case: what is wrong, each with the key it is wrong at."""
    return (*_payload_problems(task, case), *_output_problems(task, case))


def read_case(task: Task, case: Case) -> Any:
    """Record of a case's payload, decoded and checked as a request's is. Raises PayloadUnreadable, InputInvalid."""
    section = task.definition.input
    payload = case.legacy_payload
    decoded = decode(payload, section.formats, section.assume, section.map, task.input.schema, task.layout)
    check_input(decoded.record, task.input)
    return decoded.record


def _payload_problems(task: Task, case: Case) -> Iterator[Found]:
    expected = case.expect_reason if case.expect_reason in _OF_THE_PAYLOAD else ""
    try:
        record = read_case(task, case)
        render_prompt(task.prompt, record, schema=task.input.schema, nonce=_NONCE)
    except AdapterError as exc:
        if exc.reason != expected:
            path: Path = ("expect", "reason") if case.expect_reason else ("payload_file",)
            yield path, f"the payload ends with {exc.reason}: {exc.message}{_listed(exc.violations)}"
        return
    if expected:
        yield ("expect", "reason"), f"{expected} is expected, but the payload is read without complaint"


def _output_problems(task: Task, case: Case) -> Iterator[Found]:
    if case.expect_output is not None:
        broken = task.output.check(case.expect_output)
        if case.expect_match == "subset":
            broken = tuple(violation for violation in broken if violation.rule != "required")
        if broken:
            yield ("expect", "output"), f"breaks the output contract{_listed(broken)}"
    if case.reply is None or isinstance(case.reply, str) or case.expect_reason:
        return
    if broken := task.output.check(case.reply):
        yield ("reply",), f"breaks the output contract{_listed(broken)}"
    if case.expect_output is not None:
        found = list(differences(case.expect_output, case.reply, case.expect_match))
        if found:
            yield ("reply",), f"is not what the case expects: {'; '.join(found[:_SHOWN])}"


def _listed(violations: Iterable[Violation]) -> str:
    shown = [f"{one.pointer or '/'} {one.message}" for one in violations]
    rest = f" and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
    return f": {'; '.join(shown[:_SHOWN])}{rest}" if shown else ""


def _located(loaded: LoadedTask, case: Case) -> LocatedYaml:
    name = loaded.files.case_file(case.name)
    return parse_located(loaded.files.files[name], loaded.files.label(name))
