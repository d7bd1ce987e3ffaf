"""Whatever arrives: a record, or one of the two errors; never anything else."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.domain import exact_json
from adapter.domain.payload import Payload
from adapter.errors import InputInvalid, PayloadUnreadable
from adapter.pipeline.decode import decode
from adapter.tasks.input_formats import InputFormats
from adapter.tasks.layout import FixedWidthLayout
from tests.unit.decode.test_fixed_width import CLAIM, LINES, SCHEMA
from tests.unit.decode.test_map import INVOICE, MAP, TICKET, UBL

FORMATS = InputFormats.model_validate(
    {
        "json": {"select": "/a"},
        "xml": {"select": "/Envelope/Body/*"},
        "csv": {"delimiter": ";", "decimal": ",", "thousands": ".", "date": "DD.MM.YYYY"},
        "fixed-width": {"layout": "x.yaml", "charset": "cp1141"},
        "properties": {},
        "text": {"field": "subject"},
        "html": {"field": "subject"},
    }
)
LAYOUT = FixedWidthLayout.model_validate(CLAIM)
SEEDS = [
    b'{"a": {"KDNR-1": "7", "BETREFF": [1, 2.50, {"x": null}], "t": "\\ud83d\\ude00"}}',
    '<?xml version="1.0" encoding="utf-8"?><Envelope xmlns="u"><Body><t a="ü"><ID>1</ID><x>&lt;b&gt;</x></t></Body>'
    "</Envelope>".encode(),
    b'KDNR-1;BETREFF\n"7";"1.234,50-"\n',
    "\n".join(LINES).encode("cp1141"),
    b"a.b = 1\\u00e4\\\n 2\n# c\nsubject: x",
    b"<table><tr><td colspan=3>x<input value=y><p style='display:none'>z</table>",
]
SCHEMAS: list[tuple[dict[str, Any], dict[str, str]]] = [(TICKET, MAP), (INVOICE, UBL), (SCHEMA, {}), ({}, {})]
CHARSETS = ["", "utf-8", "utf-16", "cp1141", "iso-8859-1", "nonsense"]


def survive(content: bytes, name: str, charset: str, task: tuple[dict[str, Any], dict[str, str]]) -> None:
    schema, mapping = task
    try:
        found = decode(Payload(content, "", charset), FORMATS, name, mapping, schema, LAYOUT)
    except (PayloadUnreadable, InputInvalid):
        return
    exact_json.dumps(found.record)


@given(st.binary(max_size=300), st.sampled_from(FORMATS.names), st.sampled_from(CHARSETS), st.sampled_from(SCHEMAS))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_a_record_or_refused(
    content: bytes, name: str, charset: str, task: tuple[dict[str, Any], dict[str, str]]
) -> None:
    survive(content, name, charset, task)


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_mutated_payloads_are_a_record_or_refused(data: st.DataObject) -> None:
    content = bytearray(data.draw(st.sampled_from(SEEDS)))
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(content)))
        cut = data.draw(st.integers(0, 12))
        content[place : place + cut] = data.draw(
            st.sampled_from([b"", b"<", b'"', b"\0", b"\xff", b"&#0;", b"\\u", b"e9"])
        )
    name, charset = data.draw(st.sampled_from(FORMATS.names)), data.draw(st.sampled_from(["", "cp1141"]))
    survive(bytes(content), name, charset, data.draw(st.sampled_from(SCHEMAS)))


@given(st.text(max_size=200), st.sampled_from(FORMATS.names), st.sampled_from(SCHEMAS))
@settings(max_examples=200, deadline=None)
def test_any_text_is_a_record_or_refused(text: str, name: str, task: tuple[dict[str, Any], dict[str, str]]) -> None:
    survive(text.encode("utf-8", "replace"), name, "utf-8", task)


MANY = 256 * 1024
BOMBS = {
    "json": [b"[" * MANY, b'{"a":' * MANY, b'{"a": ' + b"9" * MANY + b"}", b'"' + b"\\" * MANY],
    "xml": [b"<!--" * MANY, b"<a " * MANY, b"<?" + b"?" * MANY, b"<a>" + b"&lt;" * MANY + b"</a>"],
    "csv": [b";" * MANY, b'"' * MANY, b"\n" * MANY, b"a\n" * MANY],
    "properties": [b"\\\n" * MANY, b"=" * MANY, b"a\n" * (MANY // 4), b"\\" * MANY, b" " * MANY],
    "html": [b"<" * MANY, b"&" * MANY, b"<!--" * 40_000, b"<a href=" * 40_000, b"x" * MANY],
    "fixed-width": [b"\x40" * MANY, b"\x25" * MANY, b"\xf9\xf9\x25" * (MANY // 4)],
}


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    ("name", "content"), [(name, content) for name, contents in BOMBS.items() for content in contents]
)
def test_a_quarter_million_of_anything_is_dealt_with_in_time(name: str, content: bytes) -> None:
    survive(content, name, "", (TICKET, MAP))
