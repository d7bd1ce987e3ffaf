"""Exit code 2: what was typed makes no sense, whatever the configuration."""

import pytest

from tests.integration.cli.conftest import TICKET
from tests.kit.command_line import CommandLine


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("serv", "No such command 'serv'"),
        ("explain --nope", "No such option: --nope"),
        ("explain NOPE", "There is no reason 'NOPE'. Known are: INVALID_REQUEST, UNAUTHENTICATED"),
        ("run classify-ticket", "file"),
        ("run classify-ticket nowhere.json", "'nowhere.json' does not exist"),
        (f"run classify-ticket {TICKET} --label simulate", "'simulate' is not name=value"),
        (f"run classify-ticket {TICKET} --model gpt", "no model 'gpt' is configured. Configured are: default."),
        ("serve --workers 0", "--workers"),
        ("simulate --latency slow", "latency 'slow' is none of: 0.5, uniform(0.2,1.5), lognormal(0.8,0.4)"),
        ("simulate --fault flood", "no fault 'flood'; known are 400, 401"),
        ("simulate --port 70000", "--port"),
        ("jobs list --state DONE", "--state"),
        ("jobs list --since yesterday", "--since"),
        ("jobs list --limit 0", "--limit"),
        ("jobs cancel", "name the job by its id or by --request-id"),
        ("topology show --as yaml", "--as"),
    ],
)
def test_wrong_usage_is_exit_2_and_says_what_is_wrong(cli: CommandLine, arguments: str, said: str) -> None:
    done = cli.run(*arguments.split())

    assert (done.code, done.stdout) == (2, b"")
    assert said in unboxed(done.stderr)


def unboxed(text: str) -> str:
    """Take the message out of the box that usage errors stand in."""
    return " ".join(" ".join(line.strip("│ ") for line in text.splitlines()).split())
