"""The record against the input contract: every violation at once, each by its pointer."""

from typing import Any

from adapter.errors import InputInvalid
from adapter.tasks.task import Contract


def check_input(record: Any, contract: Contract) -> None:
    """Pass, or raise InputInvalid with all violations."""
    violations = contract.check(record)
    if violations:
        count = "one rule" if len(violations) == 1 else f"{len(violations)} rules"
        raise InputInvalid(
            f"The record breaks {count} of the task's input contract. Correct the fields named in the violations.",
            violations=violations,
        )
