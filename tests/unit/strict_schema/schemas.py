"""Hypothesis strategies: contracts of every kind the transform knows, and documents that satisfy them."""

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

Schema = dict[str, Any]
Pair = tuple[Schema, st.SearchStrategy[Any]]

NAMES = st.sampled_from(["a", "b", "c", "d", "_extra", "value", "_kind", "a/b", "x~y", "ü", "key", "$ref"])
BOOLEANS: Any = st.booleans()
TEXTS = st.text(st.characters(codec="utf-8"), max_size=8)
DECIMALS = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20, places=3)


def _annotated(pair: Pair) -> st.SearchStrategy[Pair]:
    schema, instances = pair
    return st.sampled_from(
        [(schema, instances), ({"description": "Said by the author", "title": "T", **schema}, instances)]
    )


def _scalars() -> st.SearchStrategy[Pair]:
    def bounded(low: int, width: int) -> Pair:
        return {"type": "integer", "minimum": low, "maximum": low + width}, st.integers(low, low + width)

    def enum(values: list[Any]) -> Pair:
        return {"enum": values}, st.sampled_from(values)

    cents = st.integers(0, 10**9).map(lambda number: Decimal(number).scaleb(-2))
    values = st.one_of(
        st.none(), st.integers(), TEXTS, DECIMALS, st.booleans(), st.just([1, Decimal("2.5")]), st.just({"k": "v"})
    )
    return st.one_of(
        st.just(({"type": "string"}, TEXTS)),
        st.just(({"type": "string", "maxLength": 8, "minLength": 1}, st.text("abc", min_size=1, max_size=8))),
        st.just(({"type": "string", "format": "date"}, st.dates().map(str))),
        st.just(({"type": "string", "format": "uri"}, st.just("https://example.com/a?b=c"))),
        st.just(({"type": "string", "pattern": "^(?=a)ab*$"}, st.sampled_from(["a", "abb"]))),
        st.just(({"type": "integer"}, st.integers())),
        st.just(({"type": "number"}, st.one_of(DECIMALS, st.integers()))),
        st.just(({"type": "number", "minimum": 0, "multipleOf": Decimal("0.01")}, cents)),
        st.just(({"type": ["number", "null"], "exclusiveMaximum": 0}, st.one_of(st.none(), DECIMALS.map(_negative)))),
        st.just(({"type": "boolean"}, st.booleans())),
        st.just(({"type": "null"}, st.none())),
        st.just(({"type": ["string", "number"]}, st.one_of(TEXTS, DECIMALS))),
        st.just(({}, values)),
        st.just(({"type": "object"}, st.dictionaries(NAMES, values, max_size=3))),
        st.builds(bounded, st.integers(-1000, 1000), st.integers(0, 1000)),
        st.lists(values, min_size=1, max_size=5).map(_distinct).map(enum),
        st.lists(TEXTS, min_size=1, max_size=5, unique=True).map(enum),
    )


def _negative(number: Decimal) -> Decimal:
    return -abs(number) - 1


def _distinct(values: list[Any]) -> list[Any]:
    kept: list[Any] = []
    for value in values:
        if not any(value == other for other in kept):
            kept.append(value)
    return kept


@st.composite
def _objects(draw: st.DrawFn, inner: st.SearchStrategy[Pair]) -> Pair:
    members = draw(st.dictionaries(NAMES, inner, max_size=4))
    required = draw(st.lists(st.sampled_from(sorted(members)), unique=True)) if members else []
    schema: Schema = {"type": "object", "properties": {name: pair[0] for name, pair in members.items()}}
    schema |= {"required": required, "additionalProperties": False}
    wanted = {name: pair[1] for name, pair in members.items() if name in required}
    others = {name: pair[1] for name, pair in members.items() if name not in required}
    instances = st.fixed_dictionaries(wanted, optional=others)
    rest, values = draw(inner)
    # with {} the object is open: by design its undeclared keys are not asked for
    if rest and draw(BOOLEANS):
        schema["additionalProperties"] = rest
        keys = st.text("xyz", min_size=1, max_size=3)
        more = st.dictionaries(keys, values, max_size=2)
        instances = st.builds(lambda known, extra: {**known, **extra}, instances, more)
    return schema, instances


def _lists(pair: Pair) -> Pair:
    return {"type": "array", "items": pair[0], "maxItems": 3}, st.lists(pair[1], max_size=3)


def _maps(pair: Pair) -> Pair:
    return {"type": "object", "additionalProperties": pair[0]}, st.dictionaries(TEXTS, pair[1], max_size=3)


def _pattern_maps(pair: Pair) -> Pair:
    schema = {"type": "object", "patternProperties": {"^k[0-9]+$": pair[0]}, "additionalProperties": False}
    return schema, st.dictionaries(st.from_regex(r"\Ak[0-9]{1,3}\Z", alphabet="k0123456789"), pair[1], max_size=3)


def _tuples(pairs: list[Pair]) -> Pair:
    size = len(pairs)
    schema = {"type": "array", "prefixItems": [pair[0] for pair in pairs], "minItems": size, "maxItems": size}
    return schema, st.tuples(*(pair[1] for pair in pairs)).map(list)


def _discriminated(pairs: list[Pair]) -> Pair:
    branches, instances = [], []
    for index, (schema, values) in enumerate(pairs):
        kind = {"const": f"kind{index}"}
        branches.append(
            {
                "type": "object",
                "properties": {"payload": schema, "kind": kind},
                "required": ["payload", "kind"],
                "additionalProperties": False,
            }
        )
        instances.append(st.fixed_dictionaries({"payload": values, "kind": st.just(f"kind{index}")}))
    return {"oneOf": branches, "discriminator": {"propertyName": "kind"}}, st.one_of(instances)


def _unions(pairs: list[Pair]) -> Pair:
    return {"anyOf": [pair[0] for pair in pairs]}, st.one_of([pair[1] for pair in pairs])


def _merged(pair: Pair) -> Pair:
    schema, values = pair
    first = {"type": "object", "properties": {"p": schema}, "required": ["p"]}
    second = {"type": "object", "properties": {"q": {"type": "integer", "minimum": 3}}}
    instances = st.fixed_dictionaries({"p": values}, optional={"q": st.integers(3, 9)})
    return {"allOf": [first, second], "unevaluatedProperties": False}, instances


def _composites(inner: st.SearchStrategy[Pair]) -> st.SearchStrategy[Pair]:
    several = st.lists(inner, min_size=2, max_size=3)
    return st.one_of(
        _objects(inner),
        inner.map(_lists),
        inner.map(_maps),
        inner.map(_pattern_maps),
        several.map(_tuples),
        several.map(_discriminated),
        several.map(_unions),
        inner.map(_merged),
    ).flatmap(_annotated)


PLACES: st.SearchStrategy[Pair] = st.recursive(_scalars().flatmap(_annotated), _composites, max_leaves=6)


@st.composite
def contracts(draw: st.DrawFn) -> tuple[Schema, Any]:
    """A contract, with definitions that are referred to, and a document that satisfies it."""
    defined, values = draw(PLACES)
    schema, instances = draw(_objects(PLACES))
    if not draw(BOOLEANS):
        schema["$defs"] = {"item": defined}
        schema["properties"]["referred"] = {"$ref": "#/$defs/item"}
        return schema, draw(instances)
    node = {
        "type": "object",
        "properties": {"item": {"$ref": "#/$defs/item"}, "next": {"$ref": "#/$defs/node", "description": "The next"}},
        "required": ["item"],
        "additionalProperties": False,
    }
    chain = st.recursive(
        values.map(lambda item: {"item": item}),
        lambda rest: st.builds(lambda item, following: {"item": item, "next": following}, values, rest),
        max_leaves=3,
    )
    schema = {**schema, "$defs": {"item": defined, "node": node}}
    schema["properties"] = {**schema["properties"], "chain": {"$ref": "#/$defs/node"}}
    document = draw(instances)
    if "chain" not in document and draw(BOOLEANS):
        document = {**document, "chain": draw(chain)}
    return schema, document
