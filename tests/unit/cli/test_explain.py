"""`adapter explain`: the one table of reasons."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from adapter.cli.app import build_app
from adapter.errors import concrete_errors, default_message


def explain(*arguments: str) -> Any:
    """Run it."""
    command = ["explain", *arguments]
    return CliRunner().invoke(build_app(command), command)


@pytest.mark.parametrize("error", list(concrete_errors()), ids=lambda error: error.reason)
def test_each_reason_is_explained_on_unbroken_lines(error: Any) -> None:
    shown = explain(error.reason.lower())

    assert shown.exit_code == 0
    assert shown.stdout.splitlines()[0] == f"reason      {error.reason}"
    assert f"meaning     {default_message(error)}" in shown.stdout.splitlines()
    assert f"grpc_code   {error.grpc_code}" in shown.stdout.splitlines()


def test_all_reasons_are_listed_in_the_order_of_the_docs() -> None:
    rows = json.loads(explain("--json").stdout)
    table = explain().stdout

    reasons = [row["reason"] for row in rows]
    assert sorted(reasons) == sorted(error.reason for error in concrete_errors())
    assert (reasons[0], reasons[-1]) == ("INVALID_REQUEST", "RESULT_UNDELIVERABLE")
    assert all(f" {reason} " in table for reason in reasons)


def test_one_reason_is_told_to_programs_too() -> None:
    (row,) = json.loads(explain("MODEL_MISCONFIGURED", "--json").stdout)

    assert (row["grpc_code"], row["retryable"], row["by_queue"]) == ("FAILED_PRECONDITION", "fix", "held")


def test_an_unknown_reason_is_wrong_usage_and_names_the_known() -> None:
    shown = explain("NOPE")

    assert (shown.exit_code, shown.stdout) == (2, "")
    assert shown.stderr.startswith("There is no reason 'NOPE'. Known are: ")
