"""Whatever strict schema is asked for, the generated document satisfies it, and is the same for the same seed."""

from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.domain.exact_json import dumps, loads
from adapter.simulator.generate import Generator, GeneratorCache, UnusableSchema, seed_of

PATTERNS = (
    r"^-?[0-9]+(\.[0-9]+)?$",
    r"^[A-Z]{2}[0-9]{2}$",
    r"^[A-Z]{3}$",
    r"^(?:AB|CD)-\d{4,6}$",
    r"^[^@ ]+@[^@ ]+\.[a-z]{2,}$",
    r"[0-9]{3}",
    r"^\+?[0-9 ()/-]{6,20}$",
    r"^[a-z][a-z0-9_]*$",
    r"^$|^x+$",
)
FORMATS = ("date", "time", "date-time", "duration", "email", "hostname", "ipv4", "ipv6", "uuid", "uri")
NAMES = ("name", "dueDate", "net_amount", "currency", "street", "items", "summary", "x", "Menge", "year", "id")


@st.composite
def strings(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(["plain", "pattern", "format", "lengths"]))
    if kind == "pattern":
        return {"type": "string", "pattern": draw(st.sampled_from(PATTERNS))}
    if kind == "format":
        return {"type": "string", "format": draw(st.sampled_from(FORMATS))}
    if kind == "lengths":
        shortest = draw(st.integers(0, 60))
        return {"type": "string", "minLength": shortest, "maxLength": shortest + draw(st.integers(0, 60))}
    return {"type": "string"}


@st.composite
def numbers(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(["integer", "number"]))
    schema: dict[str, Any] = {"type": kind}
    low = draw(st.one_of(st.none(), st.integers(-1000, 1000)))
    high = draw(st.one_of(st.none(), st.integers(1001, 3000)))
    if low is not None:
        schema[draw(st.sampled_from(["minimum", "exclusiveMinimum"]))] = low
    if high is not None:
        schema[draw(st.sampled_from(["maximum", "exclusiveMaximum"]))] = high
    if draw(st.booleans()):
        schema["multipleOf"] = draw(st.sampled_from([1, 5, 7] if kind == "integer" else [0.01, 0.25, 0.5, 3]))
    return schema


LEAVES = st.one_of(
    strings(),
    numbers(),
    st.just({"type": "boolean"}),
    st.just({"type": "null"}),
    st.lists(st.text(max_size=5), min_size=1, max_size=4).map(lambda values: {"type": "string", "enum": values}),
    st.just({"const": "fixed"}),
    st.just({"type": ["string", "null"]}),
    st.just({"$ref": "#/$defs/tree"}),
    st.just({"$ref": "#/$defs/level"}),
)


def objects(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(NAMES), inner, max_size=5).map(
        lambda properties: {
            "type": "object",
            "properties": properties,
            "required": list(properties),
            "additionalProperties": False,
        }
    )


def arrays(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(
        lambda items, least, extra: {
            "type": "array",
            "items": items,
            "minItems": least,
            **({} if extra is None else {"maxItems": least + extra}),
        },
        inner,
        st.integers(0, 5),
        st.one_of(st.none(), st.integers(0, 4)),
    )


NESTED = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        objects(inner),
        arrays(inner),
        st.lists(inner, min_size=1, max_size=3).map(lambda branches: {"anyOf": branches}),
    ),
    max_leaves=12,
)
DEFINITIONS: dict[str, Any] = {
    "tree": {
        "type": "object",
        "properties": {
            "label": {"type": "string"},
            "parent": {"anyOf": [{"$ref": "#/$defs/tree"}, {"type": "null"}]},
            "children": {"type": "array", "items": {"$ref": "#/$defs/tree"}},
        },
        "required": ["label", "parent", "children"],
        "additionalProperties": False,
    },
    "level": {"type": "string", "enum": ["LOW", "HIGH"]},
}


def satisfies(schema: dict[str, Any], document: Any) -> None:
    validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
    exact = loads(dumps(document))
    errors = [f"{error.instance_path}: {error.message}" for error in validator.iter_errors(exact)]
    assert not errors


@settings(max_examples=300, deadline=None)
@given(schema=objects(NESTED), seed=st.integers(0, 2**63), message=st.text(max_size=200))
def test_a_document_satisfies_whatever_schema_it_was_generated_for(
    schema: dict[str, Any], seed: int, message: str
) -> None:
    schema = {**schema, "$defs": DEFINITIONS}
    generator = Generator(schema)
    document = generator.document(seed, message)
    satisfies(schema, document)
    assert document == generator.document(seed, message)
    assert len(dumps(document)) < 200_000


@settings(max_examples=100, deadline=None)
@given(schema=objects(NESTED), first=st.integers(0, 2**32), second=st.integers(0, 2**32))
def test_a_given_document_is_kept_whole(schema: dict[str, Any], first: int, second: int) -> None:
    schema = {**schema, "$defs": DEFINITIONS}
    generator = Generator(schema)
    document = generator.document(first)
    assert generator.document(second, given=document) == document


def test_a_partial_document_is_completed_without_changing_what_it_says() -> None:
    line = {
        "type": "object",
        "properties": {"kind": {"const": "line"}, "text": {"type": "string"}, "count": {"type": "integer"}},
        "required": ["kind", "text", "count"],
    }
    note = {"type": "object", "properties": {"kind": {"const": "note"}}, "required": ["kind"]}
    schema = {
        "type": "object",
        "properties": {
            "lines": {"type": "array", "items": {"anyOf": [note, line]}},
            "due": {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]},
            "total": {"type": "number"},
        },
        "required": ["lines", "due", "total"],
    }
    partial = {"lines": [{"kind": "line", "text": "bolt"}, {"kind": "note"}], "due": None}
    document = Generator(schema).document(1, given=partial)
    satisfies(schema, document)
    assert list(document) == ["lines", "due", "total"]
    assert document["due"] is None
    assert document["lines"][0]["text"] == "bolt"
    assert document["lines"][1] == {"kind": "note"}


def test_a_given_document_belongs_to_the_alternative_that_it_fits_best() -> None:
    def named(*names: str) -> dict[str, Any]:
        properties = {name: {"type": "string"} for name in names}
        return {"type": "object", "properties": properties, "required": list(names), "additionalProperties": False}

    schema = {
        "type": "object",
        "properties": {"who": {"type": "array", "items": {"anyOf": [named("name", "city"), named("name"), named()]}}},
        "required": ["who"],
    }
    said = {"who": [{}, {"name": "Ines"}, {"name": "Liam", "city": "Graz"}]}
    assert Generator(schema).document(1, given=said) == said
    assert set(Generator(schema).document(1, given={"who": [{"city": "Graz"}]})["who"][0]) == {"name", "city"}


def test_names_make_values_plausible() -> None:
    names = ("city", "currency", "email", "dueDate")
    schema = {
        "type": "object",
        "properties": {name: {"type": "string"} for name in names} | {"year": {"type": "integer"}},
        "required": [*names, "year"],
    }
    document = Generator(schema).document(3)
    assert document["currency"] in {"EUR", "CHF", "GBP", "USD"}
    assert "@example." in document["email"]
    assert document["dueDate"][:3] == "202"
    assert 2024 <= document["year"] <= 2026


def test_free_text_is_made_of_the_message_s_words() -> None:
    schema = {"type": "object", "properties": {"summary": {"type": "string"}}, "required": ["summary"]}
    message = "printer broken toner empty office third floor"
    words = Generator(schema).document(9, message)["summary"].rstrip(".").lower().split()
    assert set(words) <= set(message.split())


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]},
        {"$ref": "#/$defs/missing"},
        {"$ref": "https://example.com/schema.json"},
        {"type": "array", "items": {"$ref": "#"}, "minItems": 1},
    ],
)
def test_a_schema_that_nothing_can_satisfy_is_refused(schema: dict[str, Any]) -> None:
    with pytest.raises(UnusableSchema):
        Generator(schema)


def test_all_parts_of_an_intersection_hold() -> None:
    schema: dict[str, Any] = {
        "$defs": {"named": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}},
        "allOf": [
            {"$ref": "#/$defs/named"},
            {"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]},
        ],
    }
    satisfies(schema, Generator(schema).document(5))


def test_tuples_and_distinct_items_are_honoured() -> None:
    schema = {
        "type": "object",
        "properties": {
            "pair": {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}], "items": False},
            "tags": {"type": "array", "items": {"enum": ["a", "b", "c"]}, "minItems": 3, "uniqueItems": True},
        },
        "required": ["pair", "tags"],
    }
    for seed in range(20):
        satisfies(schema, Generator(schema).document(seed))


def test_a_schema_is_compiled_once_and_the_oldest_is_forgotten() -> None:
    cache = GeneratorCache(size=1)
    first = {"type": "object", "properties": {}, "required": []}
    compiled = cache.get(first)
    assert cache.get(dict(first)) is compiled
    cache.get({"type": "string"})
    assert cache.get(first) is not compiled


def test_a_seed_depends_on_where_its_parts_begin() -> None:
    assert seed_of(b"ab", b"c") != seed_of(b"a", b"bc")
    assert seed_of(b"ab", b"c") == seed_of(b"ab", b"c")
