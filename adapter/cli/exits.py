"""Exit codes, and the one place that turns what went wrong into one of them."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import IntEnum
from typing import NoReturn

import typer

from adapter.cli.console import cell, errors
from adapter.errors import AdapterError, TryAgainError, Violation
from adapter.operator_errors import ConfigurationError, UnreachableError


class Exit(IntEnum):
    """What a command ends with."""

    DONE = 0
    JOB_FAILED = 1
    WRONG_USAGE = 2
    INVALID_CONFIGURATION = 3
    UNREACHABLE = 4


@contextmanager
def exit_codes() -> Iterator[None]:
    """Say what went wrong on stderr, and end with its exit code."""
    try:
        yield
    except ConfigurationError as exc:
        fail(str(exc), Exit.INVALID_CONFIGURATION)
    except UnreachableError as exc:
        fail(str(exc), Exit.UNREACHABLE)
    except TryAgainError as exc:
        fail(f"{exc.reason}: {exc.message}", Exit.UNREACHABLE)
    except AdapterError as exc:
        fail_with_reason(exc.reason, exc.message, exc.violations)
    except BrokenPipeError:
        # Whoever read our output has enough; Python would complain about it at exit.
        sys.stderr.close()
        raise typer.Exit(Exit.DONE) from None


def fail(message: str, code: Exit) -> NoReturn:
    """Print the message on stderr and exit."""
    errors.print(cell(message, "red"), soft_wrap=True)
    raise typer.Exit(code)


def fail_with_reason(reason: str, message: str, violations: Sequence[Violation] = ()) -> NoReturn:
    """Exit as a failed job does: the reason, then each broken rule."""
    lines = [f"  {one.pointer or '/'}: {one.message}" for one in violations]
    fail("\n".join([f"{reason}: {message}", *lines]), Exit.JOB_FAILED)
