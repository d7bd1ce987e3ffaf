"""Verdict, findings, and the bytes that leave."""

from decimal import Decimal

import pytest

from adapter.domain.job import Change, Finding, Severity, Verdict
from adapter.pipeline.check_output import check_output, findings_of, output_bytes, verdict_of
from tests.unit.parse.judging import CONTRACT, reply_of

DEFAULTED = Change("/currency", "defaulted", "", '"EUR"')
EXTRACTED = Change("", "extracted", "", "")
INFO = Finding("NOTE", "", "worth knowing", Severity.INFO)
REVIEW = Finding("DOUBT", "", "worth a look", Severity.REVIEW)


@pytest.mark.parametrize(
    ("changes", "findings", "repaired", "verdict"),
    [
        ((), (), False, Verdict.ACCEPTED),
        ((DEFAULTED,), (INFO,), False, Verdict.ACCEPTED),
        ((EXTRACTED,), (), False, Verdict.ACCEPTED_REPAIRED),
        ((), (), True, Verdict.ACCEPTED_REPAIRED),
        ((EXTRACTED,), (REVIEW,), True, Verdict.NEEDS_REVIEW),
    ],
)
def test_the_verdict_follows_from_changes_findings_and_repairs(
    changes: tuple[Change, ...],
    findings: tuple[Finding, ...],
    repaired: bool,  # noqa: FBT001 - a column of the table above
    verdict: Verdict,
) -> None:
    assert verdict_of(changes, findings, repaired=repaired) is verdict


def test_a_simulated_review_is_a_finding() -> None:
    findings = findings_of(reply_of("{}", simulated_review=True), {})

    assert [(one.code, one.severity) for one in findings] == [("SIMULATED_REVIEW", Severity.REVIEW)]
    assert findings_of(reply_of("{}"), {}) == ()


def test_an_output_leaves_in_the_order_of_its_contract_with_exact_digits() -> None:
    document = {
        "lines": [{"price": Decimal("1.10"), "text": "ü"}],
        "count": 12345678901234567890123,
        "amount": Decimal("12345678901234567890.1230"),
        "priority": "LOW",
        "customer": "M",
    }

    assert check_output(document, CONTRACT) == ()
    assert output_bytes(document, CONTRACT).decode() == (
        '{"customer":"M","priority":"LOW","amount":12345678901234567890.1230,"count":12345678901234567890123,'
        '"lines":[{"text":"ü","price":1.10}]}'
    )
