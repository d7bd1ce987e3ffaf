"""What is wrong with a schema, for its author: all of it at once."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ContractProblem:
    """One thing wrong: where in the schema (JSON Pointer), and what to do about it."""

    pointer: str
    message: str

    def __str__(self) -> str:
        """Return it as one line."""
        return f"{self.pointer or '(root)'}: {self.message}"


class ContractRefused(ValueError):
    """The schema cannot be a contract, or cannot be told to a model. Holds every problem found."""

    def __init__(self, problems: Iterable[ContractProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))
