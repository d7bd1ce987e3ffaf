"""Each thing that can go wrong ends a command with one exit code, and says so on stderr only."""

import pytest
import typer

from adapter.broker.errors import BrokerTimeout, SetupFailed
from adapter.cli.exits import exit_codes
from adapter.errors import (
    InputInvalid,
    ModelMisconfigured,
    ModelRefused,
    ModelUnavailable,
    Overloaded,
    StoreUnavailable,
    TaskNotFound,
    Violation,
)
from adapter.inbound.grpc.server import ListenError
from adapter.inbound.http import PortTakenError
from adapter.outbound.models.local_model import LocalModelFailed, LocalModelMissing
from adapter.outbound.sql.errors import StoreLocked, StoreOutdated
from adapter.secret import SecretMissing
from adapter.settings_file import ConfigurationProblems
from adapter.tasks.problem import Problem, TaskProblems

PROBLEMS = (Problem("a.yaml", 3, "unknown key"), Problem("b.yaml", 0, "is missing"))


def ended(error: Exception) -> int:
    """Exit code of a command in which this happens."""
    with pytest.raises(typer.Exit) as exit_, exit_codes():
        raise error
    return int(exit_.value.exit_code)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ModelRefused(), 1),
        (InputInvalid(), 1),
        (TaskNotFound(), 1),
        (ConfigurationProblems(PROBLEMS), 3),
        (TaskProblems(PROBLEMS), 3),
        (SecretMissing("the variable KEY is not set, or empty"), 3),
        (StoreLocked("/adapter.db.lock", "42"), 3),
        (StoreOutdated(["Run `adapter db upgrade`."]), 4),
        (StoreUnavailable(), 4),
        (ModelUnavailable(), 4),
        (ModelMisconfigured(), 4),
        (Overloaded(), 4),
        (BrokerTimeout("no answer"), 4),
        (SetupFailed("run this"), 4),
        (ListenError("taken"), 4),
        (PortTakenError("taken"), 4),
        (LocalModelMissing("not installed"), 4),
        (LocalModelFailed("does not start"), 4),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_an_expected_error_ends_with_its_code_and_its_words(
    error: Exception, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(error) == code

    printed = capsys.readouterr()
    assert printed.out == ""
    assert str(error) in printed.err


def test_every_problem_has_its_own_line(capsys: pytest.CaptureFixture[str]) -> None:
    ended(ConfigurationProblems(PROBLEMS))

    assert capsys.readouterr().err.splitlines() == ["a.yaml:3: error: unknown key", "b.yaml: error: is missing"]


def test_every_broken_rule_has_its_own_line(capsys: pytest.CaptureFixture[str]) -> None:
    rules = (Violation("/a", "type", "must be of type string"), Violation("", "required", "x is missing"))
    ended(InputInvalid("Not so.", violations=rules))

    assert capsys.readouterr().err == "INPUT_INVALID: Not so.\n  /a: must be of type string\n  /: x is missing\n"


def test_a_bug_is_no_expected_error() -> None:
    with pytest.raises(ZeroDivisionError), exit_codes():
        raise ZeroDivisionError
