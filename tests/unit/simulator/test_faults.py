"""Faults: the words, and when each is due."""

from pathlib import Path

import pytest

from adapter.simulator.faults import (
    FAULTS,
    FaultKind,
    FaultRule,
    UnknownFault,
    due_fault,
    fault_of_status,
    rule_of_label,
)


def due(rule: FaultRule, calls: int, request_id: str = "r") -> list[int]:
    return [n for n in range(1, calls + 1) if rule.is_due(n, n, request_id)]


@pytest.mark.parametrize("word", FAULTS)
def test_every_word_is_a_label_and_a_rule(word: str) -> None:
    assert rule_of_label(word).fault is FAULTS[word]
    assert FaultRule.parse(word).fault is FAULTS[word]


@pytest.mark.parametrize("label", ["content_filter", "content filter", "Content-Filter", " content_filter "])
def test_a_label_is_taken_however_its_words_are_joined(label: str) -> None:
    assert rule_of_label(label).fault.word == "content_filter"


def test_a_label_holds_for_all_calls_of_its_request_or_the_first_ones() -> None:
    assert due(rule_of_label("invalid"), 4) == [1, 2, 3, 4]
    assert due(rule_of_label("invalid-once"), 4) == [1]
    assert due(rule_of_label("missing-field-twice"), 4) == [1, 2]


def test_a_later_request_has_its_own_first_call() -> None:
    rule = rule_of_label("429-once")
    assert due_fault([rule], 50, 1, "second") is FAULTS["429"]
    assert due_fault([rule], 51, 2, "second") is None


@pytest.mark.parametrize("label", ["teapot", "", "429:0.5", "once", "invalid-thrice"])
def test_an_unknown_label_names_the_known_ones(label: str) -> None:
    with pytest.raises(UnknownFault, match=r"429.*refusal.*review"):
        rule_of_label(label)


@pytest.mark.parametrize("text", ["429", "429:0.1", "500@1-3", "reset@each:1-1", "wrong_enum@4-4"])
def test_a_rule_is_written_as_it_is_read(text: str) -> None:
    assert str(FaultRule.parse(text)) == text


def test_a_script_counts_the_calls_of_the_server_or_of_each_request() -> None:
    of_the_server = FaultRule.parse("500@2-3")
    assert [of_the_server.is_due(number, 1, "x") for number in (1, 2, 3, 4)] == [False, True, True, False]
    of_each = FaultRule.parse("500@each:2")
    assert [of_each.is_due(7, nth, "x") for nth in (1, 2, 3)] == [False, True, False]


def test_a_rate_strikes_its_share_of_requests_the_same_ones_each_time() -> None:
    rule = FaultRule.parse("429:0.1")
    struck = {n for n in range(5000) if rule.is_due(n, 1, f"r{n}")}
    assert 400 < len(struck) < 600
    assert struck == {n for n in range(5000) if rule.is_due(n + 1, 1, f"r{n}")}
    assert not any(FaultRule.parse("429:0").is_due(n, 1, f"r{n}") for n in range(100))


@pytest.mark.parametrize("text", ["teapot:0.5", "429:2", "429@", "429@x", "429:"])
def test_a_rule_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="fault"):
        FaultRule.parse(text)


def test_the_first_rule_that_is_due_counts() -> None:
    rules = [FaultRule.parse("500@1"), FaultRule.parse("429")]
    assert due_fault(rules, 1, 1, "") is FAULTS["500"]
    assert due_fault(rules, 2, 1, "") is FAULTS["429"]


def test_faults_that_bring_no_reply_are_errors_and_the_others_are_not() -> None:
    assert all((fault.error is None) == (fault.kind is FaultKind.REPLY) for fault in FAULTS.values())


def test_a_status_that_no_fault_has_is_refused() -> None:
    assert fault_of_status(401).word == "401"
    with pytest.raises(ValueError, match="418"):
        fault_of_status(418)


def test_every_word_is_documented() -> None:
    page = (Path(__file__).parents[3] / "docs" / "simulated-model.md").read_text(encoding="utf-8")
    assert [word for word in FAULTS if f"`{word}`" not in page] == []
