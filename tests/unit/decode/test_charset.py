"""Which charset a payload is read by, and what becomes of contradictions and bytes that do not fit."""

import codecs

import pytest

from adapter.errors import PayloadUnreadable
from tests.unit.decode.reading import decoded, error_of, record

TEXT_FORMAT = {"text": {"field": "text"}}
LATIN_TASK = {"text": {"field": "text", "charset": "iso-8859-1"}}


def test_without_any_declaration_a_payload_is_utf_8() -> None:
    assert record("Zürich", TEXT_FORMAT) == {"text": "Zürich"}


def test_the_tasks_charset_is_used_when_the_sender_says_none() -> None:
    assert record("Zürich".encode("latin-1"), LATIN_TASK) == {"text": "Zürich"}


def test_the_content_type_parameter_wins_over_the_task() -> None:
    said = decoded("Zürich", LATIN_TASK, content_type='text/plain; charset="UTF-8"')
    assert (said.record, said.codec) == ({"text": "Zürich"}, "utf-8")


def test_the_charset_field_wins_over_the_task() -> None:
    assert record("10 €".encode("cp1252"), LATIN_TASK, charset="windows-1252") == {"text": "10 €"}


def test_a_byte_order_mark_wins_over_the_task_and_is_not_part_of_the_text() -> None:
    assert record(codecs.BOM_UTF8 + "ü".encode(), LATIN_TASK) == {"text": "ü"}
    assert record("ü".encode("utf-16"), LATIN_TASK) == {"text": "ü"}


def test_utf_16_said_by_the_sender_agrees_with_either_byte_order_mark() -> None:
    content = codecs.BOM_UTF16_BE + "ü".encode("utf-16-be")
    assert record(content, TEXT_FORMAT, charset="UTF-16") == {"text": "ü"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"plain", {"charset": "cp1252", "content_type": "text/plain; charset=utf-8"}),
        (codecs.BOM_UTF8 + b"plain", {"content_type": "text/plain; charset=iso-8859-1"}),
        (codecs.BOM_UTF16_LE + b"p\0", {"charset": "utf-8"}),
    ],
)
def test_two_declarations_that_differ_are_refused_naming_both_even_if_the_bytes_would_fit(
    content: bytes, said: dict[str, str]
) -> None:
    message = error_of(PayloadUnreadable, content, TEXT_FORMAT, **said)
    assert message.count(" says ") == 2


def test_an_xml_declaration_that_contradicts_the_content_type_is_refused() -> None:
    content = '<?xml version="1.0" encoding="ISO-8859-15"?><a/>'
    message = error_of(PayloadUnreadable, content, {"xml": {}}, content_type="text/xml; charset=utf-8")
    assert "The content type says utf-8" in message
    assert "the XML declaration says iso8859-15" in message


@pytest.mark.parametrize("charset", ["iso-8859-15", "utf-16", "cp1141", "utf-8", "windows-1252"])
def test_the_encoding_in_an_xml_declaration_is_believed(charset: str) -> None:
    content = f'<?xml version="1.0" encoding="{charset}"?><a><t>Größe</t></a>'.encode(charset)
    assert record(content, {"xml": {}}) == {"t": "Größe"}


def test_utf_16_xml_without_mark_and_declaration_is_recognised_as_the_xml_standard_says() -> None:
    assert record('<?xml version="1.0"?><a><t>ü</t></a>'.encode("utf-16-le"), {"xml": {}}) == {"t": "ü"}


def test_an_xml_declaration_wins_over_the_tasks_charset() -> None:
    content = '<?xml version="1.0" encoding="UTF-8"?><a><t>ü</t></a>'
    assert record(content, {"xml": {"charset": "latin-1"}}) == {"t": "ü"}


def test_bytes_that_do_not_fit_are_refused_with_their_offset_and_never_their_content() -> None:
    message = error_of(PayloadUnreadable, "Geheim: ü".encode("latin-1"), TEXT_FORMAT)
    assert "byte 8" in message
    assert "Geheim" not in message


@pytest.mark.parametrize("name", ["base64", "unicode_escape", "idna", "zip", "no-such-charset", "utf_7", "x" * 300])
def test_what_is_no_charset_is_refused_by_name(name: str) -> None:
    message = error_of(PayloadUnreadable, b"abc", TEXT_FORMAT, charset=name)
    assert name[:40] in message


@pytest.mark.parametrize(
    ("java", "codec"),
    [
        ("UTF8", "utf-8"),
        ("Cp1252", "cp1252"),
        ("ISO8859_1", "iso8859-1"),
        ("IBM01141", "cp1141"),
        ("Cp037", "cp037"),
        ("IBM-273", "cp273"),
    ],
)
def test_charsets_are_known_by_their_java_and_host_names(java: str, codec: str) -> None:
    assert decoded(b"", TEXT_FORMAT, charset=java).codec == codec


def test_a_serialised_java_object_is_refused_by_name() -> None:
    assert "serialised Java object" in error_of(PayloadUnreadable, b"\xac\xed\x00\x05sr", TEXT_FORMAT)
