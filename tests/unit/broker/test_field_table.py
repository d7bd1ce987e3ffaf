"""Our reading of header tables agrees with pika's where pika can read, and never raises where it cannot."""

import struct
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pika import data

from adapter.broker.field_table import MAX_DEPTH, read_table

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.text(max_size=20)
    | st.binary(max_size=20)
    | st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1)).map(lambda at: at.replace(tzinfo=UTC, microsecond=0))  # noqa: DTZ001 - hypothesis wants bounds without a zone
    | st.decimals(-1000, 1000, places=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


def encoded(table: dict[str, Any]) -> bytes:
    pieces: list[bytes] = []
    data.encode_table(pieces, table)
    return b"".join(pieces)


@given(st.dictionaries(st.text(max_size=10), VALUES, max_size=5))
def test_what_pika_reads_is_read_the_same(table: dict[str, Any]) -> None:
    content = encoded(table)
    expected, end = data.decode_table(content, 0)
    assert read_table(content, 0) == (expected, end)


@given(st.binary(max_size=200))
def test_no_bytes_make_it_raise(content: bytes) -> None:
    table, _ = read_table(struct.pack(">I", len(content)) + content, 0)
    assert isinstance(table, dict)


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (b"T", struct.pack(">Q", 2**63), 2**63),
        (b"d", struct.pack(">d", float("inf")), float("inf")),
        (b"D", struct.pack(">Bi", 200, 5), Decimal("5e-200")),
        (b"?", b"rest", "(unreadable: 5 bytes)"),
        (b"S", struct.pack(">I", 3) + b"\xff\xfe\xfd", b"\xff\xfe\xfd"),
    ],
)
def test_a_value_that_pika_refuses_is_told_or_kept(kind: bytes, value: bytes, expected: object) -> None:
    content = b"\x01n" + kind + value
    table, end = read_table(struct.pack(">I", len(content)) + content, 0)
    assert table == {"n": expected}
    assert end == 4 + len(content)


@pytest.mark.parametrize("kind", [b"F", b"A"])
def test_deep_nesting_ends_in_words(kind: bytes) -> None:
    content = b"\x01n" + b"V"
    for _ in range(5000):
        inner = content if kind == b"F" else content[2:]
        content = b"\x01n" + kind + struct.pack(">I", len(inner)) + inner
    table, _ = read_table(struct.pack(">I", len(content)) + content, 0)
    depth, value = 0, table["n"]
    while not isinstance(value, str):
        value = value["n"] if isinstance(value, dict) else value[0]
        depth += 1
    assert depth <= MAX_DEPTH
    assert "too deep" in value
