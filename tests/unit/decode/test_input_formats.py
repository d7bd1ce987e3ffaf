"""What task.yaml and layout files may say, and what of it does not fit the contract."""

from typing import Any

import pytest
from pydantic import ValidationError

from adapter.tasks.format_check import format_problems
from adapter.tasks.input_formats import InputFormats
from adapter.tasks.layout import FixedWidthLayout
from tests.unit.decode.reading import TEXT, a_list, contract


def test_names_are_those_of_task_yaml() -> None:
    formats = InputFormats.model_validate(
        {"json": None, "xml": {}, "fixed-width": {"layout": "a.yaml"}, "text": {}, "html": {}, "properties": {}}
    )
    assert formats.names == ("json", "xml", "fixed-width", "properties", "text", "html")


@pytest.mark.parametrize(
    ("formats", "said"),
    [
        ({}, "at least one format"),
        ({"yaml": {}}, "Extra inputs"),
        ({"json": {"selct": ""}}, "Extra inputs"),
        ({"pdf": {}}, "pdf: not supported yet"),
        ({"json": {"select": "a/b"}}, "JSON Pointer"),
        ({"xml": {"select": "Envelope/Body"}}, "path is /name"),
        ({"xml": {"select": "//ticket"}}, "path is /name"),
        ({"xml": {"namespaces": "keep"}}, "either ignore"),
        ({"csv": {"charset": "cp99999"}}, "not a charset known here"),
        ({"csv": {"delimiter": ";;"}}, "at most 1 character"),
        ({"csv": {"delimiter": '"'}}, "two different characters"),
        ({"csv": {"header": False}}, "named either by the header"),
        ({"csv": {"decimal": ",", "thousands": ","}}, "same character"),
        ({"csv": {"date": "DD.MM.YY"}}, "not a date pattern"),
        ({"fixed-width": {}}, "Field required"),
    ],
)
def test_mistakes_are_refused_with_what_to_write_instead(formats: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        InputFormats.model_validate(formats)
    assert said in str(caught.value)


FIELD = {"name": "a", "start": 1, "length": 2}


@pytest.mark.parametrize(
    ("layout", "said"),
    [
        ({}, "either fields"),
        ({"fields": [FIELD], "lines": [{"fields": [FIELD]}]}, "either fields"),
        ({"fields": [FIELD, FIELD]}, "same field twice: a"),
        ({"fields": [FIELD | {"start": 0}]}, "greater than or equal to 1"),
        ({"fields": [FIELD], "length": 1}, "ends at column 2, the line at 1"),
        ({"fields": [FIELD], "line_ends": False}, "needs length"),
        ({"lines": [{"match": "1", "fields": [FIELD]}]}, "need a discriminator"),
        ({"lines": [{"fields": [FIELD]}], "discriminator": {"start": 1, "length": 1}}, "needs match"),
        ({"lines": [{"skip": True, "fields": [FIELD]}]}, "has fields, or skip"),
        ({"lines": [{"repeat": True, "fields": [FIELD]}]}, "need into"),
        ({"lines": [{"join": "lines", "into": "x", "fields": [FIELD | {"type": "integer"}]}]}, "exactly one field"),
        ({"fields": [FIELD | {"scale": 2}]}, "scale belongs"),
        ({"fields": [FIELD | {"type": "date", "date": "JJJJMMTT"}]}, "not a date pattern"),
        ({"fields": [FIELD | {"type": "packed"}]}, "Input should be"),
    ],
)
def test_a_layout_that_contradicts_itself_is_refused(layout: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        FixedWidthLayout.model_validate(layout)
    assert said in str(caught.value)


SCHEMA = contract(subject=TEXT, text=TEXT, customer=contract(name=TEXT), lines=a_list(contract(sku=TEXT)))


@pytest.mark.parametrize(
    ("formats", "mapping", "said"),
    [
        ({"json": {}}, {"subjekt": "BETREFF"}, 'no field "subjekt"'),
        ({"json": {}}, {"customer.nam": "X"}, 'no field "customer.nam"'),
        ({"json": {"field": "order"}}, {}, 'no field "order"'),
        ({"csv": {"rows": "subject"}}, {}, "is no list"),
        ({"csv": {"rows": "rows"}}, {}, 'no field "rows"'),
        ({"text": {"field": "lines"}}, {}, "takes no text"),
        ({"json": {}, "xml": {}}, {}, "no assume"),
    ],
)
def test_formats_that_do_not_fit_the_contract_are_found(
    formats: dict[str, Any], mapping: dict[str, str], said: str
) -> None:
    found = list(format_problems(InputFormats.model_validate(formats), "", mapping, SCHEMA, None))
    assert [message for _, message in found if said in message], found


def test_formats_that_fit_the_contract_have_no_problems() -> None:
    formats = InputFormats.model_validate({"json": {}, "text": {}, "csv": {"rows": "lines"}})
    mapping = {"subject": "BETREFF", "customer.name": "NAME", "lines.sku": "ART"}
    assert list(format_problems(formats, "json", mapping, SCHEMA, None)) == []
    layout = FixedWidthLayout.model_validate({"lines": [{"repeat": True, "into": "positions", "fields": [FIELD]}]})
    assert len(list(format_problems(formats, "json", {}, SCHEMA, layout))) == 1
