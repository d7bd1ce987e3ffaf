"""Judges a document that was parsed: the full contract, then findings, then the verdict."""

from collections.abc import Sequence
from typing import Any

from adapter.domain import exact_json
from adapter.domain.job import Change, Finding, Severity, Verdict
from adapter.domain.model import Reply
from adapter.errors import Violation
from adapter.tasks.task import Contract

SIMULATED_REVIEW = "SIMULATED_REVIEW"

# What the contract itself declares; the reply needed no mending for it.
_NO_REPAIRS = frozenset({"defaulted"})


def check_output(document: Any, contract: Contract) -> tuple[Violation, ...]:
    """Return every rule of the output contract that a document breaks; () = it may leave."""
    return contract.check(document)


def output_bytes(document: Any, contract: Contract) -> bytes:
    """Write an output as it leaves: UTF-8 JSON, keys in the contract's order, numbers with their exact digits."""
    return exact_json.dumps(contract.ordered(document))


def findings_of(reply: Reply, document: Any) -> tuple[Finding, ...]:  # noqa: ARG001 - checks of the document's values come here
    """Return what a person should look at in an output that satisfies its contract."""
    if reply.simulated_review:
        message = "the simulated model was asked for a review by the label `simulate: review`"
        return (Finding(SIMULATED_REVIEW, "", message, Severity.REVIEW),)
    return ()


def verdict_of(changes: Sequence[Change], findings: Sequence[Finding], *, repaired: bool) -> Verdict:
    """Say how far an output can be relied on; repaired = a re-ask was needed. A declared default is no repair."""
    if any(finding.severity is Severity.REVIEW for finding in findings):
        return Verdict.NEEDS_REVIEW
    if repaired or any(change.rule not in _NO_REPAIRS for change in changes):
        return Verdict.ACCEPTED_REPAIRED
    return Verdict.ACCEPTED
