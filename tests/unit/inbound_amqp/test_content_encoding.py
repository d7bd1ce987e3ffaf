"""Content encodings as Spring and others write them, and gzip that cannot hurt."""

import gzip
import zlib

import pytest

from adapter.errors import PayloadTooLarge, PayloadUnreadable
from adapter.inbound.amqp.content_encoding import ContentEncoding, inflate, parse_content_encoding
from tests.unit.inbound_amqp.messages import message, refused, request


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", ContentEncoding()),
        ("identity", ContentEncoding()),
        ("UTF-8", ContentEncoding(charset="UTF-8")),
        ("utf8", ContentEncoding(charset="utf8")),
        ("windows-1252", ContentEncoding(charset="windows-1252")),
        ("cp273", ContentEncoding(charset="cp273")),
        ("cp1141", ContentEncoding(charset="cp1141")),
        ("gzip", ContentEncoding(is_gzip=True)),
        ("GZIP", ContentEncoding(is_gzip=True)),
        ("x-gzip", ContentEncoding(is_gzip=True)),
        ("gzip, UTF-8", ContentEncoding(is_gzip=True, charset="UTF-8")),
        ("gzip:UTF-8", ContentEncoding(is_gzip=True, charset="UTF-8")),
        ("ISO-8859-1 , Gzip", ContentEncoding(is_gzip=True, charset="ISO-8859-1")),
        ("latin1, ISO-8859-1", ContentEncoding(charset="latin1")),
    ],
)
def test_encodings_in_use_are_read(value: str, expected: ContentEncoding) -> None:
    assert parse_content_encoding(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        "br",
        "deflate",
        "zip",
        "hex",
        "rot13",
        "idna",
        "unicode_escape",
        "undefined",
        "nonsense",
        "\x00",
        "größe",
        "\udcff",
    ],
)
def test_an_unknown_encoding_is_unreadable(value: str) -> None:
    with pytest.raises(PayloadUnreadable, match="not known"):
        parse_content_encoding(value)


@pytest.mark.parametrize("value", ["gzip, gzip", "UTF-8, ISO-8859-1"])
def test_an_encoding_that_contradicts_itself_is_unreadable(value: str) -> None:
    with pytest.raises(PayloadUnreadable, match="contradicts"):
        parse_content_encoding(value)


def test_a_packed_payload_is_unpacked() -> None:
    made = request(message(gzip.compress(b'{"a":1}'), content_encoding="gzip, UTF-8"))
    assert made.payload.content == b'{"a":1}'
    assert made.payload.charset == "UTF-8"


def test_the_derived_id_is_that_of_the_unpacked_payload() -> None:
    plain = request(message(b"abc", message_id="", correlation_id="c"), missing_message_id="derive")
    packed = request(
        message(gzip.compress(b"abc"), message_id="", correlation_id="c", content_encoding="gzip"),
        missing_message_id="derive",
    )
    assert plain.request_id == packed.request_id


def test_several_members_are_one_payload() -> None:
    assert inflate(gzip.compress(b"one") + gzip.compress(b"two"), 100) == b"onetwo"


def test_a_payload_of_exactly_the_limit_is_unpacked() -> None:
    assert inflate(gzip.compress(b"x" * 100), 100) == b"x" * 100


def test_a_bomb_stops_at_the_limit() -> None:
    bomb = gzip.compress(b"\0" * 100_000_000)
    with pytest.raises(PayloadTooLarge, match="more than 1000 bytes"):
        inflate(bomb, 1000)


def test_a_bomb_of_many_members_stops_at_the_limit() -> None:
    with pytest.raises(PayloadTooLarge):
        inflate(gzip.compress(b"x" * 600) * 2, 1000)


@pytest.mark.parametrize(
    "body", [b"", b"plain text", gzip.compress(b"abc")[:-1], zlib.compress(b"abc"), gzip.compress(b"abc") + b"rubbish"]
)
def test_what_is_not_gzip_is_unreadable(body: bytes) -> None:
    assert refused(message(body, content_encoding="gzip")).error.reason == "PAYLOAD_UNREADABLE"


def test_thousands_of_empty_members_are_unreadable() -> None:
    with pytest.raises(PayloadUnreadable, match="parts"):
        inflate(gzip.compress(b"") * 1001, 1000)
