"""What a JSON Schema says of one place in a record: types, fields, items. Follows $ref, allOf, anyOf and oneOf."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

# More alternatives than this at one place are not looked at; neither are longer chains of references.
MAX_ALTERNATIVES = 64
_MAX_CHAIN = 16
_COMBINING = {"$ref", "allOf", "anyOf", "oneOf"}
_KINDS_OF_VALUES = {str: "string", bool: "boolean", int: "integer", float: "number", dict: "object", list: "array"}

_shapes: dict[int, tuple[Mapping[str, Any], "Shape"]] = {}
_MAX_SHAPES = 512


class Shape:
    """One place of a record. Shapes of a schema are made once and shared, and never changed from outside."""

    def __init__(self, node: Any, root: Mapping[str, Any], siblings: dict[int, "Shape"]) -> None:
        alternatives = _expand(node, root, 0)
        self._root = root
        self._siblings = siblings
        self._alternatives = [part for part in alternatives if set(_kinds(part)) != {"null"}] or [{}]
        self._fields: dict[str, Shape] = {}
        title = node.get("title") if isinstance(node, Mapping) else None
        self.title = title if isinstance(title, str) else ""
        """Title given at this place itself; that of a type it refers to is the name of a class."""
        self.nullable = any("null" in _kinds(part) for part in alternatives)

    @staticmethod
    def of(schema: Mapping[str, Any]) -> "Shape":
        """Return the shape of a whole record. Kept by identity of the schema, which is not to be changed."""
        known = _shapes.get(id(schema))
        if known is not None and known[0] is schema:
            return known[1]
        if len(_shapes) >= _MAX_SHAPES:
            _shapes.clear()
        shape = Shape(schema, schema, {})
        _shapes[id(schema)] = schema, shape
        return shape

    def _at(self, node: Any) -> "Shape":
        """Shape of a node of the same schema, one for each node, so that recursive schemas end."""
        shape = self._siblings.get(id(node))
        if shape is None:
            shape = self._siblings[id(node)] = Shape(node, self._root, self._siblings)
        return shape

    @cached_property
    def kinds(self) -> frozenset[str]:
        """JSON types allowed here beside null; empty = any."""
        found = [set(_kinds(part)) for part in self._alternatives]
        return frozenset(set().union(*found) - {"null"}) if all(found) else frozenset()

    @cached_property
    def choices(self) -> tuple[Any, ...]:
        """The only values allowed (enum, const); () = not a closed list."""
        lists = [_choices(part) for part in self._alternatives]
        return tuple(value for values in lists for value in values) if all(lists) else ()

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Declared fields, in the contract's order."""
        return tuple(dict.fromkeys(name for part in self._alternatives for name in _mapping(part, "properties")))

    @cached_property
    def required(self) -> frozenset[str]:
        """Fields that every alternative asks for."""
        lists = [part.get("required") for part in self._alternatives]
        sets = [set(names) if isinstance(names, list) else set[str]() for names in lists]
        return frozenset(set.intersection(*sets))

    @cached_property
    def is_open(self) -> bool:
        """Takes fields beside the declared ones because it says so, or because it declares none."""
        rests = [part.get("additionalProperties") for part in self._alternatives]
        return not self.names or any(rest is True or isinstance(rest, Mapping) for rest in rests)

    @cached_property
    def is_list(self) -> bool:
        """A list is allowed here."""
        return "array" in self.kinds

    @cached_property
    def is_object(self) -> bool:
        """An object is allowed here."""
        return "object" in self.kinds

    @cached_property
    def is_text(self) -> bool:
        """Nothing but text is allowed here, and not only some texts."""
        return self.kinds == {"string"} and not self.choices

    @cached_property
    def is_html(self) -> bool:
        """Text that the contract marks as HTML (contentMediaType)."""
        return self._keyword("contentMediaType").lower().startswith(("text/html", "application/xhtml"))

    @cached_property
    def format(self) -> str:
        """Format keyword of the texts allowed here."""
        return self._keyword("format")

    @cached_property
    def items(self) -> "Shape":
        """Shape of the items of a list."""
        found = [part["items"] for part in self._alternatives if "items" in part]
        return self._at(found[0]) if found else ANYTHING

    @cached_property
    def has_html(self) -> bool:
        """Some text below is marked as HTML."""
        return any(shape.is_html for shape in self._below())

    @cached_property
    def is_personal(self) -> bool:
        """The contract declares what is here personal data (x-personal)."""
        return any(part.get("x-personal") is True for part in self._alternatives)

    @cached_property
    def has_personal(self) -> bool:
        """Something here or below is declared personal."""
        return any(shape.is_personal for shape in self._below())

    def _below(self) -> Iterator["Shape"]:
        """Yield this place and all below it, each once."""
        waiting, seen = [self], {id(self)}
        while waiting:
            shape = waiting.pop()
            yield shape
            below = [shape.field(name) for name in shape.names] + ([shape.items] if shape.is_list else [])
            waiting += [inner for inner in below if id(inner) not in seen]
            seen.update(map(id, below))

    def takes(self, name: str) -> bool:
        """Tell whether a field of this name is one of this object."""
        return self.is_open or name in self.names

    def field(self, name: str) -> "Shape":
        """Shape of a field; of an undeclared one what additionalProperties says."""
        shape = self._fields.get(name)
        if shape is None:
            shape = self._find(name)
            if name in self.names:
                self._fields[name] = shape
        return shape

    def _find(self, name: str) -> "Shape":
        for part in self._alternatives:
            properties = _mapping(part, "properties")
            if name in properties:
                return self._at(properties[name])
        rests = (part.get("additionalProperties") for part in self._alternatives)
        rest = next((rest for rest in rests if isinstance(rest, Mapping)), None)
        return self._at(rest) if rest else ANYTHING

    def _keyword(self, keyword: str) -> str:
        values = (part.get(keyword) for part in self._alternatives)
        return next((value for value in values if isinstance(value, str)), "")


def _expand(node: Any, root: Mapping[str, Any], depth: int) -> list[dict[str, Any]]:
    """Return the alternatives at a node, each with what allOf and references add merged in."""
    if not isinstance(node, Mapping) or depth > _MAX_CHAIN:
        return [{}]
    found = [{key: value for key, value in node.items() if key not in _COMBINING}]
    for part in _joined(node, root):
        found = _product(found, _expand(part, root, depth + 1))
    for keyword in ("anyOf", "oneOf"):
        if isinstance(node.get(keyword), list) and node[keyword]:
            options = [found for option in node[keyword] for found in _expand(option, root, depth + 1)]
            found = _product(found, options)
    return found


def _joined(node: Mapping[str, Any], root: Mapping[str, Any]) -> Iterator[Any]:
    if isinstance(node.get("$ref"), str):
        yield _resolve(node["$ref"], root)
    if isinstance(node.get("allOf"), list):
        yield from node["allOf"]


def _product(left: list[dict[str, Any]], right: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [_merge(one, other) for one in left for other in right][:MAX_ALTERNATIVES]


def _merge(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """Both hold; what is said nearer to the field wins."""
    merged = {**second, **first}
    if "properties" in first and "properties" in second:
        merged["properties"] = {**_mapping(second, "properties"), **_mapping(first, "properties")}
    if isinstance(first.get("required"), list) and isinstance(second.get("required"), list):
        merged["required"] = [*first["required"], *second["required"]]
    return merged


def _resolve(reference: str, root: Mapping[str, Any]) -> Any:
    """Follow a local reference; one that leads nowhere says nothing."""
    if not reference.startswith("#"):
        return {}
    node: Any = root
    for step in reference[1:].split("/")[1:]:
        if not isinstance(node, Mapping):
            return {}
        node = node.get(step.replace("~1", "/").replace("~0", "~"), {})
    return node


def _kinds(part: Mapping[str, Any]) -> tuple[str, ...]:
    declared = part.get("type")
    if isinstance(declared, str):
        return (declared,)
    if isinstance(declared, list):
        return tuple(kind for kind in declared if isinstance(kind, str))
    values = _choices(part)
    if values:
        return tuple("null" if value is None else _KINDS_OF_VALUES.get(type(value), "number") for value in values)
    if "properties" in part:
        return ("object",)
    return ("array",) if "items" in part else ()


def _choices(part: Mapping[str, Any]) -> tuple[Any, ...]:
    if "const" in part:
        return (part["const"],)
    return tuple(part["enum"]) if isinstance(part.get("enum"), list) else ()


def _mapping(part: Mapping[str, Any], keyword: str) -> Mapping[str, Any]:
    value = part.get(keyword)
    return value if isinstance(value, Mapping) else {}


ANYTHING = Shape({}, {}, {})
