"""Headers are untrusted: each is read as its rule says, or named in the refusal."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from adapter.domain.message import Properties
from adapter.errors import InvalidRequest
from adapter.inbound.amqp.headers import deadline_of, labels_of, model_of, trace_of

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
NOT_TEXT: list[Any] = [b"\xff", None, 1.5, [], {}, Decimal(1), NOON]


# --- deadline -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        "2026-11-23T12:00:00Z",
        "2026-11-23t12:00:00z",
        "2026-11-23 12:00:00Z",
        "2026-11-23T13:00:00+01:00",
        "2026-11-23T12:00:00.000000000Z",
        "2026-11-23T12:00:00-00:00",
        NOON,
        NOON.replace(tzinfo=None),
    ],
)
def test_a_deadline_is_an_rfc_3339_time(value: object) -> None:
    assert deadline_of(Properties(headers={"llm-deadline": value})) == NOON


@pytest.mark.parametrize(
    "value",
    [
        "",
        "soon",
        "2026-11-23",
        "2026-11-23T12:00:00",
        "2026-11-23T12:00Z",
        "2026-13-23T12:00:00Z",
        "2026-11-23T12:00:00+1:00",
        "20261123T120000Z",
        "9999-12-31T23:59:59-23:59",
        "\uff12026-11-23T12:00:00Z",
        1_790_000_000,
        True,
        b"2026",
    ],
)
def test_a_malformed_deadline_is_refused(value: object) -> None:
    with pytest.raises(InvalidRequest, match="llm-deadline"):
        deadline_of(Properties(headers={"llm-deadline": value}))


@pytest.mark.parametrize("value", [1500, "1500"])
def test_a_timeout_counts_from_the_timestamp(value: object) -> None:
    properties = Properties(timestamp=int(NOON.timestamp()), headers={"llm-timeout-ms": value})
    assert deadline_of(properties) == NOON.replace(second=1, microsecond=500_000)


@pytest.mark.parametrize("value", [-1, True, "", "1.5", "-1", 1.5, [], b"1", 10**18, "9" * 30])
def test_a_malformed_timeout_is_refused(value: object) -> None:
    with pytest.raises(InvalidRequest, match="llm-timeout-ms"):
        deadline_of(Properties(timestamp=0, headers={"llm-timeout-ms": value}))


def test_a_timeout_without_a_timestamp_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="timestamp"):
        deadline_of(Properties(headers={"llm-timeout-ms": 1}))


@pytest.mark.parametrize("timestamp", [2**62, int(NOON.timestamp()) * 1000])
def test_a_timestamp_in_other_units_is_refused(timestamp: int) -> None:
    with pytest.raises(InvalidRequest, match="seconds"):
        deadline_of(Properties(timestamp=timestamp, headers={"llm-timeout-ms": 1}))


def test_the_earlier_of_both_deadlines_counts() -> None:
    headers = {"llm-deadline": "2027-01-01T00:00:00Z", "llm-timeout-ms": 0}
    assert deadline_of(Properties(timestamp=int(NOON.timestamp()), headers=headers)) == NOON


def test_there_may_be_no_deadline() -> None:
    assert deadline_of(Properties(headers={"llm-deadline": None})) is None


# --- labels -------------------------------------------------------------------------------------------


def test_labels_are_text_numbers_and_booleans() -> None:
    headers = {"llm-label-a": "é", "llm-label-b": 7, "llm-label-c": True, "other": "x"}
    assert labels_of(headers) == {"a": "é", "b": "7", "c": "true"}


def test_labels_at_their_limits_are_taken() -> None:
    headers = {f"llm-label-{number:064}": "x" * 256 for number in range(32)}
    assert len(labels_of(headers)) == 32


@pytest.mark.parametrize(
    "headers",
    [
        {f"llm-label-{number}": "x" for number in range(33)},
        {"llm-label-": "x"},
        {"llm-label-" + "n" * 65: "x"},
        {"llm-label-a\nb": "x"},
        {"llm-label-\udcff": "x"},
        {"llm-label-a": "x" * 257},
        {"llm-label-a": "é" * 129},
        {"llm-label-a": "x\0y"},
        {"llm-label-a": "\udcff"},
        *({"llm-label-a": value} for value in NOT_TEXT),
    ],
)
def test_labels_beyond_their_limits_are_refused(headers: dict[str, object]) -> None:
    with pytest.raises(InvalidRequest) as caught:
        labels_of(headers)
    assert caught.value.metadata == {"field": "labels"}


# --- model and trace ----------------------------------------------------------------------------------


def test_the_model_is_a_name() -> None:
    assert model_of({"llm-model": "cloud"}) == "cloud"
    assert model_of({}) == model_of({"llm-model": None}) == ""


@pytest.mark.parametrize("value", ["x" * 65, "a\nb", 1, b"\xff", 1.5, [], {}])
def test_a_model_that_is_no_name_is_refused(value: object) -> None:
    with pytest.raises(InvalidRequest, match="llm-model"):
        model_of({"llm-model": value})


def test_a_trace_is_passed_on() -> None:
    assert trace_of({"traceparent": PARENT, "tracestate": "a=b,c=d"}) == (PARENT, "a=b,c=d")


@pytest.mark.parametrize("value", ["", "x", PARENT.upper(), PARENT + "\n", 1, *NOT_TEXT])
def test_a_malformed_trace_is_dropped(value: object) -> None:
    assert trace_of({"traceparent": value, "tracestate": "a=b"}) == ("", "")


@pytest.mark.parametrize("value", ["x" * 513, "a=\n", "é", 1, *NOT_TEXT])
def test_a_malformed_trace_state_is_dropped_alone(value: object) -> None:
    assert trace_of({"traceparent": PARENT, "tracestate": value}) == (PARENT, "")
