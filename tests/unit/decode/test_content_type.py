"""Which format a payload is taken for."""

import pytest

from adapter.errors import PayloadUnreadable
from tests.unit.decode.reading import decoded, error_of

FORMATS = {"json": None, "xml": None, "csv": {"rows": "rows"}}


@pytest.mark.parametrize(
    ("content_type", "content", "name"),
    [
        ("application/json", "{}", "json"),
        ("APPLICATION/JSON; charset=utf-8", "{}", "json"),
        ("application/vnd.crm.ticket+json", "{}", "json"),
        ("text/xml", "<a/>", "xml"),
        ("application/soap+xml; action=x", "<a/>", "xml"),
        ("application/xhtml+xml", "<a/>", "xml"),
        ("text/csv", "a,b", "csv"),
    ],
)
def test_the_content_type_says_the_format(content_type: str, content: str, name: str) -> None:
    assert decoded(content, FORMATS, content_type=content_type, assume="json").format == name


@pytest.mark.parametrize("content_type", ["", "application/octet-stream", "text/plain", "text/plain; charset=utf-8"])
def test_what_says_nothing_is_what_the_task_assumes(content_type: str) -> None:
    assert decoded("<a/>", FORMATS, content_type=content_type, assume="xml").format == "xml"


def test_without_assume_the_only_format_is_assumed() -> None:
    assert decoded("<a/>", {"xml": {}}).format == "xml"


@pytest.mark.parametrize("content_type", ["text/html", "image/png", "application/pdf", "nonsense", "text/csvx"])
def test_another_type_is_refused_and_the_accepted_ones_are_named(content_type: str) -> None:
    message = error_of(PayloadUnreadable, "x", FORMATS, content_type=content_type, assume="json")
    assert "application/json (json), text/xml (xml), text/csv (csv)" in message


def test_an_absurdly_long_content_type_is_refused() -> None:
    assert "500" in error_of(PayloadUnreadable, "x", FORMATS, content_type="a" * 600)
