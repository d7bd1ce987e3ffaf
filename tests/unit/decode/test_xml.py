"""How XML becomes a record: the ten-line table of docs/records.md, line by line."""

from decimal import Decimal
from typing import Any

import pytest

from adapter.errors import InputInvalid, PayloadUnreadable
from tests.unit.decode.reading import BOOLEAN, DATE, INTEGER, NUMBER, TEXT, a_list, contract, error_of, record

XML: dict[str, Any] = {"xml": {}}


def xml(inner: str, **fields: dict[str, Any]) -> Any:
    return record(f"<r>{inner}</r>", XML, contract(**fields) if fields else None)


def test_select_finds_the_record_in_a_soap_envelope_whatever_the_prefixes() -> None:
    content = (
        '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Header/>'
        '<soapenv:Body><c:ticket xmlns:c="urn:crm"><c:id>7</c:id></c:ticket></soapenv:Body></soapenv:Envelope>'
    )
    assert record(content, {"xml": {"select": "/Envelope/Body/ticket"}}, contract(id=INTEGER)) == {"id": 7}


def test_declared_prefixes_are_part_of_the_names() -> None:
    formats = {"xml": {"select": "/i:ticket", "namespaces": {"i": "urn:crm"}}}
    content = '<x:ticket xmlns:x="urn:crm"><x:id>7</x:id><id>8</id></x:ticket>'
    assert record(content, formats, contract(**{"i:id": INTEGER, "id": INTEGER})) == {"i:id": 7, "id": 8}
    assert "nothing" in error_of(InputInvalid, '<ticket xmlns="urn:other"/>', formats)


def test_text_is_typed_by_the_contract() -> None:
    inner = "<a> 7 </a><b>1.10</b><c>true</c><d>0</d><e>0815</e><f>2026-01-31+01:00</f>"
    assert xml(inner, a=INTEGER, b=NUMBER, c=BOOLEAN, d=BOOLEAN, e=TEXT, f=DATE) == {
        "a": 7,
        "b": Decimal("1.10"),
        "c": True,
        "d": False,
        "e": "0815",
        "f": "2026-01-31",
    }


def test_references_and_nullable_types_are_followed() -> None:
    schema = contract(a={"anyOf": [{"$ref": "#/$defs/amount"}, {"type": "null"}]}, b={"type": ["integer", "null"]})
    schema["$defs"] = {"amount": {"type": "number"}}
    assert record("<r><a>1.5</a><b>2</b></r>", XML, schema) == {"a": Decimal("1.5"), "b": 2}


def test_a_number_that_may_be_text_stays_text_when_it_is_a_code() -> None:
    either = {"anyOf": [{"type": "integer"}, {"type": "string"}]}
    assert xml("<a>007</a><b>7</b>", a=either, b=either) == {"a": "007", "b": 7}


def test_what_does_not_fit_its_type_stays_text_for_the_contract_to_refuse() -> None:
    assert xml("<a>seven</a><b>1,5</b>", a=INTEGER, b=NUMBER) == {"a": "seven", "b": "1,5"}


def test_repeats_are_a_list_where_the_contract_says_list_also_a_single_one() -> None:
    assert xml("<tag>x</tag>", tag=a_list(TEXT)) == {"tag": ["x"]}
    assert xml("<tag>1</tag><other/><tag>2</tag>", tag=a_list(INTEGER)) == {"tag": [1, 2]}


def test_a_repeat_where_the_contract_says_one_stays_visible_as_a_list() -> None:
    assert xml("<a>1</a><a>2</a>", a=INTEGER) == {"a": [1, 2]}


def test_attributes_have_their_name_with_an_at_sign() -> None:
    content = '<r id="7" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="T"><a unit="kg">3</a></r>'
    schema = contract(**{"@id": INTEGER, "a": contract(**{"@unit": TEXT, "#text": INTEGER})})
    assert record(content, XML, schema) == {"@id": 7, "a": {"@unit": "kg", "#text": 3}}


def test_an_attribute_that_the_contract_does_not_ask_for_does_not_turn_a_value_into_an_object() -> None:
    assert xml('<a unit="kg">3</a>', a=INTEGER) == {"a": 3}


@pytest.mark.parametrize("empty", ["<a/>", "<a></a>", "<a>  \n </a>", '<a x=""/>'])
def test_empty_is_absent(empty: str) -> None:
    assert xml(empty, a=TEXT) == {}


def test_a_required_nullable_field_that_is_absent_is_null_and_a_required_list_empty() -> None:
    schema = contract(a={"type": ["string", "null"]}, b=a_list(TEXT), c=TEXT) | {"required": ["a", "b", "c"]}
    assert record("<r><a/></r>", XML, schema) == {"a": None, "b": []}


def test_xsi_nil_is_absent() -> None:
    content = '<r xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><a xsi:nil="true">x</a></r>'
    assert record(content, XML, contract(a=TEXT)) == {}


def test_what_the_contract_does_not_name_is_left_out() -> None:
    assert xml("<a>1</a><noise>2</noise>", a=TEXT) == {"a": "1"}


def test_where_the_contract_is_open_everything_is_taken() -> None:
    assert xml("<a>1</a><b><c>2</c><c>3</c></b>") == {"a": "1", "b": {"c": ["2", "3"]}}


def test_mixed_content_of_a_text_field_is_its_text() -> None:
    assert xml("<a>Hello <b>dear</b> world</a>", a=TEXT) == {"a": "Hello dear world"}


def test_a_structure_where_the_contract_says_text_is_not_pasted_together() -> None:
    assert xml("<a><b>1</b><c>2</c></a>", a=TEXT) == {"a": {"b": "1", "c": "2"}}


def test_cdata_is_text_and_comments_are_nothing() -> None:
    assert xml("<a><![CDATA[1 < 2]]><!-- secret --></a>", a=TEXT) == {"a": "1 < 2"}


def test_a_field_marked_as_html_becomes_markdown_whether_escaped_or_not() -> None:
    html = {"type": "string", "contentMediaType": "text/html"}
    assert xml("<a>&lt;p&gt;Hi &lt;b&gt;you&lt;/b&gt;&lt;/p&gt;</a>", a=html) == {"a": "Hi **you**"}
    assert xml("<a><p>Hi <b>you</b></p></a>", a=html) == {"a": "Hi **you**"}


def test_a_recursive_contract_is_followed() -> None:
    schema = {"$ref": "#/$defs/node", "$defs": {"node": contract(n=INTEGER, node=a_list({"$ref": "#/$defs/node"}))}}
    assert record("<r><n>1</n><node><n>2</n><node><n>3</n></node></node></r>", XML, schema) == {
        "n": 1,
        "node": [{"n": 2, "node": [{"n": 3}]}],
    }


def test_a_list_of_lists_is_read_by_its_elements() -> None:
    assert xml("<row><c>1</c><c>2</c></row><row><c>3</c></row>", row=a_list(a_list(INTEGER))) == {"row": [[1, 2], [3]]}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("<r><Meier></Schulze></r>", "line 1"),
        ("<r>\n\n&secret;</r>", "line 3"),
        ("", "not well-formed"),
        ("<r/><r/>", "line 1"),
        ('<r a="1" a="2"/>', "line 1"),
        ("<r>\x00</r>", "line 1"),
    ],
)
def test_broken_xml_is_refused_by_line_and_without_its_content(content: str, said: str) -> None:
    message = error_of(PayloadUnreadable, content, XML)
    assert said in message
    assert not {"Meier", "Schulze", "secret"} & set(message.replace("<", " ").replace(">", " ").split())


DTD = '<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><r>&b;</r>'


@pytest.mark.parametrize(
    "content",
    [
        DTD,
        f'<?xml version="1.0"?>\n<!-- c -->\n{DTD}',
        '<!DOCTYPE r SYSTEM "file:///etc/passwd"><r/>',
        "<!doctype html><r/>",
    ],
)
def test_a_doctype_is_refused(content: str) -> None:
    assert "DOCTYPE" in error_of(PayloadUnreadable, content, XML)


def test_the_word_doctype_inside_a_text_is_no_doctype() -> None:
    assert xml("<a><![CDATA[<!DOCTYPE html><p>x</p>]]></a>", a=TEXT) == {"a": "<!DOCTYPE html><p>x</p>"}


def test_depth_is_bounded() -> None:
    assert "nested" in error_of(PayloadUnreadable, "<a>" * 100 + "</a>" * 100, XML)
    assert "not well-formed" in error_of(PayloadUnreadable, "<a>" * 100_000, XML)


def test_the_number_of_elements_is_bounded() -> None:
    assert "elements" in error_of(PayloadUnreadable, "<a>" + "<b/>" * 600_000 + "</a>", XML)
