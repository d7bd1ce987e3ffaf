"""docs/reasons.md, `adapter explain` and the error tree say the same."""

import json

from typer.testing import CliRunner

from adapter.cli.app import build_app
from adapter.errors import AdapterError, concrete_errors, default_message
from tests.unit.docs.pages import page, rows


def expected_row(cls: type[AdapterError]) -> list[str]:
    recorded = "yes" if cls.recorded else "no"
    code = f"`{cls.grpc_code}`" if cls.grpc_code else "-"
    return [
        f"`{cls.reason}`",
        default_message(cls),
        code,
        recorded,
        cls.retryable.value.lower(),
        cls.queue_fate.value,
    ]


def test_the_page_has_every_reason_once() -> None:
    found = sorted(row for row in rows(page("reasons.md")) if row[0].startswith("`"))
    expected = sorted(expected_row(cls) for cls in concrete_errors())
    assert found == expected, "\n".join(f"| {' | '.join(row)} |" for row in expected)


def test_explain_says_the_same() -> None:
    printed = CliRunner().invoke(build_app(["explain"]), ["explain", "--json"]).stdout
    told = {one["reason"]: one for one in json.loads(printed)}
    assert set(told) == {cls.reason for cls in concrete_errors()}
    for row in (row for row in rows(page("reasons.md")) if row[0].startswith("`")):
        one = told[row[0].strip("`")]
        recorded = one["recorded"].partition(":")[0]
        assert row[1:] == [one["meaning"], f"`{one['grpc_code']}`", recorded, one["retryable"], one["by_queue"]]
