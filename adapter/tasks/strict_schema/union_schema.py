"""Strict schema of a union: anyOf of alternatives, wrapped in {_kind, value} where they cannot be told apart."""

import re
from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

from adapter.tasks.json_schema.source import Schema
from adapter.tasks.json_schema.view import Sources, view_of
from adapter.tasks.strict_schema import scalars
from adapter.tasks.strict_schema.alternatives import Alternative, acceptor
from adapter.tasks.strict_schema.built import Built, annotated, free_name
from adapter.tasks.strict_schema.containers import VALUE
from adapter.tasks.strict_schema.objects import closed
from adapter.tasks.strict_schema.profile import SchemaProfile
from adapter.tasks.strict_schema.shapes import Maybe
from adapter.tasks.strict_schema.unions import KIND, Branch, UnionShape

if TYPE_CHECKING:
    from adapter.tasks.strict_schema.builder import Builder

_KIND_NAMES = {"open": "json", "code": "constant", "array": "list", "tuple": "list"}
_SLUG = re.compile(r"[^A-Za-z0-9]+")


def build_union(builder: "Builder", sources: Sources, found: Sequence[Alternative], depth: int) -> Built:
    """Build a place that has several shapes."""
    alternatives = _without_repeated_nulls(found)
    wrapped = _to_be_wrapped(builder, alternatives)
    discriminator = _discriminator([one for one in alternatives if one.kind == "object"])
    has_text = any(_is_text(one) for one in alternatives if one not in wrapped)
    schemas, branches = [], []
    tags = _tags(wrapped)
    for one in alternatives:
        built = _build_branch(builder, one, depth, raw_number=has_text)
        tag = tags.get(id(one), "")
        schemas.append(_wrapped(tag, built.schema, builder.profile) if tag else built.schema)
        if discriminator and one.kind == "object" and not tag:
            builder.first_keys.append((built.schema, discriminator))
        branches.append(_branch(builder, one, built, tag, discriminator))
    view = view_of(builder.source, sources)
    is_nullable = any(one.type == "null" for one in alternatives)
    schema = annotated({"anyOf": _distinct(schemas)}, view)
    if is_nullable and len(branches) == len(("null", "other")):
        return Built(schema, Maybe(next(one.shape for one in branches if one.strict_type != "null")), is_nullable)
    return Built(schema, UnionShape(branches), is_nullable)


def _build_branch(builder: "Builder", one: Alternative, depth: int, *, raw_number: bool) -> Built:
    raw_number = raw_number and one.type == "number" and not _is_text(one)
    if one.is_split or raw_number:
        return builder.build_alternative(one, depth, raw_number=raw_number)
    return builder.build(one.sources, depth)


def _is_text(one: Alternative) -> bool:
    """Say whether an alternative has to be text. A number need not be: beside text it travels as a JSON number."""
    if one.type == "number" and all(scalars.is_json_number(value) for value in one.view.enum or ()):
        return False
    return one.strict_type == "string"


def _branch(builder: "Builder", one: Alternative, built: Built, tag: str, discriminator: str) -> Branch:
    constants = {discriminator: one.constants()[discriminator]} if discriminator and one.kind == "object" else {}
    is_number = built.schema.get("type") == "number"
    return Branch(
        shape=built.shape,
        strict_type="number" if is_number else one.strict_type,
        accepts=acceptor(builder.raw, builder.source, one),
        tag=tag,
        constants=constants,
        keys=frozenset(one.view.properties),
    )


def _wrapped(tag: str, schema: Schema, profile: SchemaProfile) -> Schema:
    constant: Schema = {"const": tag} if profile.takes_const else {"enum": [tag]}
    return closed({KIND: {"type": "string", **constant}, VALUE: schema})


def _without_repeated_nulls(found: Sequence[Alternative]) -> list[Alternative]:
    nulls = [one for one in found if one.type == "null"]
    return [one for one in found if one.type != "null"] + nulls[:1]


def _distinct(schemas: Iterable[Schema]) -> list[Schema]:
    kept: list[Schema] = []
    for schema in schemas:
        if schema not in kept:
            kept.append(schema)
    return kept


def _to_be_wrapped(builder: "Builder", alternatives: Sequence[Alternative]) -> list[Alternative]:
    """Alternatives whose strict values could be taken for another's."""
    texts = [one for one in alternatives if _is_text(one)]
    lists = [one for one in alternatives if one.strict_type == "array"]
    objects = [one for one in alternatives if one.strict_type == "object"]
    wrapped: list[Alternative] = []
    if len(texts) > 1:
        wrapped += [one for one in texts if one.kind != "string"]
    if len(lists) > 1 and not all(_is_plain_list(builder, one) for one in lists):
        wrapped += lists
    if len(objects) > 1 and not _are_distinct(builder, objects):
        wrapped += objects
    return wrapped


def _is_plain_list(builder: "Builder", one: Alternative) -> bool:
    """Say whether a list's items travel as they are, as far as can be seen without building them."""
    if one.kind != "array" or not isinstance(one.view.items, tuple):
        return False
    inner = builder.unfolder.alternatives(one.view.items)
    return all(item.kind in {"string", "integer", "boolean", "null"} for item in inner)


def _are_distinct(builder: "Builder", objects: Sequence[Alternative]) -> bool:
    if all(one.kind == "object" for one in objects) and _discriminator(objects):
        return True
    if any(one.kind != "object" or one.view.patterns or one.view.additional for one in objects):
        return False
    keys = [frozenset(one.view.properties) for one in objects]
    if builder.profile.distinct_first_keys:
        firsts = [next(iter(one.view.properties), "") for one in objects]
        return len(set(firsts)) == len(firsts)
    return len(set(keys)) == len(keys)


def _discriminator(objects: Sequence[Alternative]) -> str:
    """A required property whose constants differ in every alternative; "" if there is none."""
    if len(objects) <= 1:
        return ""
    constants: list[dict[str, tuple[Any, ...]]] = [one.constants() for one in objects]
    for name in constants[0]:
        if all(name in one for one in constants) and _disjoint([one[name] for one in constants]):
            return name
    return ""


def _disjoint(groups: Sequence[tuple[Any, ...]]) -> bool:
    return all(not set(left) & set(right) for left, right in combinations(groups, 2))


def _tags(wrapped: Sequence[Alternative]) -> dict[int, str]:
    """Name each wrapped alternative after its title, its definition or its type."""
    tags: dict[int, str] = {}
    for one in wrapped:
        definition = str(one.sources[0].get("$ref", "")).rpartition("/")[2]
        named = str(one.view.take("title") or definition or _KIND_NAMES.get(one.kind, one.kind))
        slug = _SLUG.sub("_", named).strip("_").lower()[:40] or "option"
        tags[id(one)] = free_name(slug, tags.values())
    return tags
