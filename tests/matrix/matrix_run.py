"""The tests with real parts on each memory: SQLite, PostgreSQL, and PostgreSQL with three replicas."""

import shlex
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

ALL = ("tests/integration", "tests/faults")
# Where `adapter serve` stands between a broker and a memory that it shares. The other folders have no replica in them,
# and tests/integration/replicas has its three in each leg.
WITH_REPLICAS = (
    "tests/integration/end_to_end",
    "tests/integration/cli/test_service_commands.py",
    "tests/integration/security/test_queue_doors.py",
    "tests/integration/traces",
)


@dataclass(frozen=True, slots=True)
class Leg:
    """One run of pytest."""

    what: str
    arguments: Sequence[str]


@dataclass(frozen=True, slots=True)
class Ended:
    """How it ended: pytest's exit code, and its last line, with counts and time."""

    code: int
    said: str


LEGS = (
    Leg("SQLite, one replica: all", ALL),
    Leg("PostgreSQL, one replica: all", (*ALL, "--database", "postgresql")),
    Leg(
        "PostgreSQL, three replicas: what is served to callers and queues by several processes",
        (*WITH_REPLICAS, "--database", "postgresql", "--replicas", "3", "-n", "2", "--timeout", "300"),
    ),
)


def run(leg: Leg, options: Sequence[str]) -> Ended:
    """Run a leg, showing what it says."""
    said = ""
    command = [sys.executable, "-m", "pytest", "-q", *options, *leg.arguments]
    say(f"{shlex.join(command[1:])}\n")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own command line
        assert process.stdout is not None
        for line in process.stdout:
            say(line)
            said = line.strip() or said
    return Ended(process.returncode, said)


def say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def main(options: Sequence[str]) -> int:
    """Run all legs, also after one that failed; options are given to pytest. Returns 1 if one failed."""
    ended: list[Ended] = []
    for number, leg in enumerate(LEGS, 1):
        say(f"\n=== leg {number} of {len(LEGS)}: {leg.what}\n")
        ended.append(run(leg, options))
    say("\n")
    for number, (leg, end) in enumerate(zip(LEGS, ended, strict=True), 1):
        colour = "green" if end.code == 0 else "RED"
        say(f"leg {number}: {colour}: {leg.what}: {end.said}\n")
    return int(any(end.code for end in ended))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
