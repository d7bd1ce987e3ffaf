"""Reads a contract into Java classes. Objects of a union become one class with the keys of all branches."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from adapter.tasks.export.java_model import (
    Choice,
    JavaClass,
    JavaEnum,
    JavaFile,
    JavaType,
    ListOf,
    MapOf,
    Moment,
    Nested,
    Plain,
    Property,
)
from adapter.tasks.export.java_names import class_name, constant_name, is_component_name, member_name, unlike
from adapter.tasks.json_schema.keywords import ANNOTATIONS
from adapter.tasks.json_schema.source import SchemaSource
from adapter.tasks.json_schema.view import NoValue, Sources, View, flatten, is_constraint_only, view_of

UNKNOWN = "UNKNOWN"
_MOMENTS = {"date": Moment.DATE, "date-time": Moment.DATE_TIME, "time": Moment.TIME}
_LONGEST = 2**63 - 1
_Alternatives = tuple[Sources, ...]


def java_file(schema: Mapping[str, Any], otherwise: str, taken: Collection[str] = ()) -> JavaFile | None:
    """Read the class of an object, or of the items of a list; None = it has no keys that a class could name.

    `otherwise` is its name where the contract gives no title, or one that is taken.
    """
    reader = _Reader(SchemaSource(schema), otherwise, frozenset(taken))
    found = reader.read()
    while isinstance(found, ListOf):
        found = found.item
    if not isinstance(found, Nested):
        return None
    root, *nested = reader.classes.values()
    return JavaFile(root, tuple(nested), tuple(reader.enums.values()))


class _Reader:
    def __init__(self, source: SchemaSource, otherwise: str, taken: frozenset[str]) -> None:
        self._source = source
        self._otherwise = otherwise
        self._taken = taken
        self._names: dict[tuple[frozenset[int], ...], str] = {}
        self.classes: dict[str, JavaClass] = {}
        self.enums: dict[str, JavaEnum] = {}

    def read(self) -> JavaType:
        return self._type(((self._source.root,),), self._otherwise)

    def _type(self, alternatives: _Alternatives, hint: str) -> JavaType:
        views = list(self._views(alternatives))
        kinds = frozenset().union(*(view.types for view in views)) - {"null"}
        if not views or not all(view.types for view in views):
            return Plain.ANY
        views = [view for view in views if view.types != {"null"}]
        if kinds == {"object"}:
            return self._object(alternatives, views, hint)
        if kinds == {"array"}:
            items = tuple(part for view in views for part in [*view.prefix, *([view.items] if view.items else [])])
            return ListOf(self._type(items, f"{hint}Item"))
        return self._scalar(kinds, views, hint)

    def _views(self, alternatives: Iterable[Sources]) -> Iterator[View]:
        """Each branch of the unions here; what stands beside a union only where it names keys."""
        pending, seen = list(alternatives), set[tuple[int, ...]]()
        while pending:
            sources = pending.pop(0)
            if (key := tuple(map(id, sources))) in seen:
                continue
            seen.add(key)
            try:
                view = view_of(self._source, sources)
            except NoValue:
                continue
            shaped = [one for one in view.unions if not is_constraint_only(self._source, one.branches)]
            pending += [branch for one in shaped for branch in one.branches]
            if not shaped or view.properties:
                yield view

    def _object(self, alternatives: _Alternatives, views: list[View], hint: str) -> JavaType:
        if not any(view.properties for view in views):
            rests = [view.additional for view in views if isinstance(view.additional, tuple)]
            values = (*rests, *(part for view in views for _, part in view.patterns))
            return MapOf(self._type(values, f"{hint}Value"))
        key = tuple(self._identity(sources) for sources in alternatives)
        if key not in self._names:
            title = _first(views, "title") or self._definition(alternatives)
            name = class_name(title, hint)
            name = class_name(hint, "") if not self.classes and name in self._taken else name
            name = self._names[key] = unlike(name, [*self.classes, *self.enums])
            self.classes[name] = JavaClass(name, "", ())
            description = self._said(alternatives, "description")
            self.classes[name] = JavaClass(name, description, tuple(self._properties(views, name)))
        return Nested(self._names[key])

    def _identity(self, sources: Sources) -> frozenset[int]:
        """A place, however it is referred to."""
        parts = flatten(self._source, sources)
        return frozenset(id(part) for part in parts if part.keys() - ANNOTATIONS - {"$ref"})

    def _definition(self, alternatives: _Alternatives) -> str:
        for part in flatten(self._source, alternatives[0]):
            head, _, name = self._source.place_of(part).rpartition("/")
            if head in {"/$defs", "/definitions"}:
                return name
        return ""

    def _properties(self, views: list[View], owner: str) -> Iterator[Property]:
        members: list[str] = []
        # no mapper of Java can be told of an empty key
        keys = dict.fromkeys(key for view in views for key in view.properties if key)
        names = [key for key in keys if is_component_name(key)]
        for key in keys:
            alternatives = tuple(view.properties[key] for view in views if key in view.properties)
            is_name = is_component_name(key)
            members.append(member_name(key, members if is_name else [*members, *names]))
            hint = class_name(key, owner)
            yield Property(
                key,
                members[-1],
                key if is_name else members[-1],
                self._type(alternatives, owner + hint if hint == owner else hint),
                self._said(alternatives, "description"),
                required=all(key in view.required for view in views),
                nullable=any("null" in view.types or not view.types for view in self._views(alternatives)),
            )

    def _said(self, alternatives: _Alternatives, keyword: str) -> str:
        """An annotation of the place itself, else of what it refers to."""
        for sources in alternatives:
            for part in flatten(self._source, sources):
                if isinstance(part.get(keyword), str):
                    return str(part[keyword])
        return _first(self._views(alternatives), keyword)

    def _scalar(self, kinds: frozenset[str], views: list[View], hint: str) -> JavaType:
        if kinds == {"string"}:
            return self._text(views, hint)
        if kinds == {"integer"}:
            return Plain.BIG_INTEGER if any(map(_is_huge, views)) else Plain.LONG
        if kinds <= {"integer", "number"}:
            return Plain.DECIMAL
        return Plain.BOOLEAN if kinds == {"boolean"} else Plain.ANY

    def _text(self, views: list[View], hint: str) -> JavaType:
        if all(view.enum is not None for view in views):
            texts = dict.fromkeys(str(value) for view in views for value in view.enum or () if value is not None)
            return Choice(self._enum(_first(views, "title") or hint, _first(views, "description"), tuple(texts)))
        formats = {view.take("format") for view in views}
        return _MOMENTS.get(formats.pop(), Plain.TEXT) if len(formats) == 1 else Plain.TEXT

    def _enum(self, title: str, description: str, texts: tuple[str, ...]) -> str:
        constants: dict[str, str] = {}
        for text in texts:
            # UNKNOWN stands for what the contract does not know; a value that is called so gets a number
            constants[constant_name(text, [UNKNOWN, *constants])] = text
        name = class_name(title, "Choice")
        known = self.enums.get(name)
        if known is not None and known.constants == tuple(constants.items()):
            return name
        name = unlike(name, [*self.classes, *self.enums])
        self.enums[name] = JavaEnum(name, description, tuple(constants.items()))
        return name


def _first(views: Iterable[View], keyword: str) -> str:
    values = (view.take(keyword) for view in views)
    return next((value for value in values if isinstance(value, str)), "")


def _is_huge(view: View) -> bool:
    """Whether a contract says itself that an integer may not fit in 64 bits."""
    bounds = (view.take(one) for one in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"))
    values = view.enum or ()
    return any(value is not None and abs(value) > _LONGEST for value in (*bounds, *values))
