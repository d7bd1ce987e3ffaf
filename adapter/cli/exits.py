"""Exit codes, and the one place that turns what went wrong into one of them."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

import typer

from adapter.broker.errors import BrokerError
from adapter.cli.console import errors
from adapter.errors import AdapterError, ModelMisconfigured, ModelUnavailable, StoreUnavailable
from adapter.inbound.grpc.server import ListenError
from adapter.inbound.http import PortTakenError
from adapter.outbound.sql.errors import StoreLocked, StoreOutdated
from adapter.secret import SecretMissing
from adapter.settings_file import ConfigurationProblems
from adapter.tasks.problem import TaskProblems


class Exit(IntEnum):
    """What a command ends with."""

    DONE = 0
    JOB_FAILED = 1
    WRONG_USAGE = 2
    INVALID_CONFIGURATION = 3
    UNREACHABLE = 4


class UnreachableError(Exception):
    """Something needed cannot be reached, or is taken; the message says what and what to do."""


@contextmanager
def exit_codes() -> Iterator[None]:
    """Say what went wrong on stderr, and end with its exit code."""
    try:
        yield
    except (ConfigurationProblems, TaskProblems) as exc:
        for problem in exc.problems:
            errors.print(str(problem), style="red", highlight=False, markup=False, soft_wrap=True)
        raise typer.Exit(Exit.INVALID_CONFIGURATION) from exc
    except (SecretMissing, StoreLocked) as exc:
        fail(str(exc), Exit.INVALID_CONFIGURATION)
    except (UnreachableError, ListenError, PortTakenError, StoreOutdated, BrokerError) as exc:
        fail(str(exc), Exit.UNREACHABLE)
    except (StoreUnavailable, ModelUnavailable, ModelMisconfigured) as exc:
        fail(f"{exc.reason}: {exc.message}", Exit.UNREACHABLE)
    except AdapterError as exc:
        violations = [f"  {one.pointer or '/'}: {one.message}" for one in exc.violations]
        fail("\n".join([f"{exc.reason}: {exc.message}", *violations]), Exit.JOB_FAILED)
    except BrokenPipeError:
        # Whoever read our output has enough; Python would complain about it at exit.
        sys.stderr.close()
        raise typer.Exit(Exit.DONE) from None


def fail(message: str, code: Exit) -> None:
    """Print one line on stderr and exit."""
    errors.print(message, style="red", highlight=False, markup=False, soft_wrap=True)
    raise typer.Exit(code)
