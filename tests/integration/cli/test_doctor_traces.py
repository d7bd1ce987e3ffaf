"""The doctor and the collector of traces."""

from tests.integration.cli.conftest import NOBODY, write_config
from tests.kit.command_line import CommandLine
from tests.kit.otlp_receiver import otlp_receiver


def test_the_doctor_tells_whether_the_collector_takes_traces(cli: CommandLine) -> None:
    with otlp_receiver() as receiver:
        write_config(cli.folder, traces={"endpoint": receiver.url, "headers": {"x-collector-key": "made-up"}})
        well = cli.run("doctor", "--json")
    write_config(cli.folder, traces={"endpoint": f"http://{NOBODY}"})
    ill = cli.run("doctor", "--json")

    (found,) = [finding for finding in well.document if finding["part"] == "traces"]
    (missed,) = [finding for finding in ill.document if finding["part"] == "traces"]
    assert found["ok"]
    assert receiver.headers[0]["x-collector-key"] == "made-up"
    assert (missed["ok"], missed["owner"], ill.code) == (False, "operator of the collector", 4)
    assert NOBODY in missed["problem"]


def test_a_collectors_password_does_not_belong_into_its_address(cli: CommandLine) -> None:
    write_config(cli.folder, traces={"endpoint": "http://me:made-up-password@collector:4318"})

    done = cli.run("doctor")

    assert done.code == 3
    assert "made-up-password" not in done.stderr
