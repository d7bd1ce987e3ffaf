"""The record against its contract."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest

from adapter.errors import InputInvalid, Violation
from adapter.pipeline.check_input import check_input


class OnlyObjects:
    """A contract that wants an object with an id."""

    schema: Mapping[str, Any] = MappingProxyType({})

    def check(self, document: object) -> tuple[Violation, ...]:
        if not isinstance(document, dict):
            return (Violation("", "type", "is not an object"), Violation("/id", "required", "is missing"))
        return () if "id" in document else (Violation("/id", "required", "is missing"),)

    def ordered(self, document: object) -> object:
        return document


def test_a_record_that_satisfies_its_contract_passes() -> None:
    check_input({"id": 1}, OnlyObjects())


def test_all_violations_are_told_at_once() -> None:
    with pytest.raises(InputInvalid, match="2 rules") as caught:
        check_input([], OnlyObjects())
    assert [violation.pointer for violation in caught.value.violations] == ["", "/id"]
