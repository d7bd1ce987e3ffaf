"""What is wrong in a prompt template before it ever runs: names, fields the contract does not have, statements."""

from collections.abc import Iterator, Mapping
from typing import Any

from jinja2 import nodes

from adapter.tasks.shape import Shape
from adapter.tasks.template_filters import FILTERS, KEPT_TESTS, TESTS

KNOWN_NAMES = frozenset({"record", "fence", "range", "namespace", "loop"})
_REFUSED: Mapping[type[nodes.Node], str] = {
    nodes.Import: "import",
    nodes.FromImport: "import",
    nodes.Include: "include",
    nodes.Extends: "extends",
    nodes.Block: "block",
    nodes.Macro: "macro",
    nodes.CallBlock: "call",
    nodes.FilterBlock: "filter",
    nodes.AssignBlock: "set ... endset",
}
_MAX_SHOWN = 12

Located = tuple[int, str]


def statement_problems(tree: nodes.Template) -> Iterator[Located]:
    """Statements and names that prompts do not have, with their lines."""
    for kind, name in _REFUSED.items():
        for node in tree.find_all(kind):
            yield node.lineno, f"{{% {name} %}} is not available in prompts; write the text in its place"
    for loop in tree.find_all(nodes.For):
        if loop.recursive:
            yield loop.lineno, "a recursive loop is not available in prompts"
    yield from _unknown_filters_and_tests(tree)
    names = list(tree.find_all(nodes.Name))
    known = KNOWN_NAMES | {node.name for node in names if node.ctx in {"store", "param"}}
    for node in names:
        if node.ctx == "load" and node.name not in known:
            yield node.lineno, f'unknown name "{node.name}"; a prompt knows record, fence(text), range and namespace'
        if node.ctx != "load" and node.name in KNOWN_NAMES:
            yield node.lineno, f'"{node.name}" is taken; choose another name'


def _unknown_filters_and_tests(tree: nodes.Template) -> Iterator[Located]:
    """Find them here: Jinja itself does not look inside conditions."""
    for node in tree.find_all(nodes.Filter):
        if node.name not in FILTERS:
            yield node.lineno, f"no filter named {node.name!r}; known: {', '.join(filter(str.isidentifier, FILTERS))}"
    for test in tree.find_all(nodes.Test):
        if test.name not in TESTS and test.name not in KEPT_TESTS:
            known = sorted(filter(str.isidentifier, {*TESTS, *KEPT_TESTS}))
            yield test.lineno, f"no test named {test.name!r}; known: {', '.join(known)}"


def field_problems(tree: nodes.Template, schema: Mapping[str, Any]) -> Iterator[Located]:
    """Fields of the record that the input contract does not have, with their lines."""
    yield from _Fields().visit(tree, {"record": Shape.of(schema)})


class _Fields:
    """Follows the record through loops and assignments, as far as names tell."""

    def visit(self, node: nodes.Node, scope: Mapping[str, Shape | None]) -> Iterator[Located]:
        if isinstance(node, nodes.For):
            yield from self._visit_loop(node, scope)
            return
        inner = dict(scope)
        for child in node.iter_child_nodes():
            yield from self.visit(child, inner)
            if isinstance(child, nodes.Assign) and isinstance(child.target, nodes.Name):
                inner[child.target.name] = self._shape(child.node, inner)
        if isinstance(node, nodes.Getattr | nodes.Getitem):
            yield from self._problem(node, scope)

    def _visit_loop(self, loop: nodes.For, scope: Mapping[str, Shape | None]) -> Iterator[Located]:
        yield from self.visit(loop.iter, scope)
        shape = self._shape(loop.iter, scope)
        inner = {**scope, **{name.name: None for name in loop.target.find_all(nodes.Name)}}
        if isinstance(loop.target, nodes.Name):
            inner[loop.target.name] = shape.items if shape is not None and shape.is_list else None
        for child in [*loop.body, *loop.else_, *([loop.test] if loop.test else [])]:
            yield from self.visit(child, inner)

    def _problem(self, node: nodes.Getattr | nodes.Getitem, scope: Mapping[str, Shape | None]) -> Iterator[Located]:
        shape, name = self._shape(node.node, scope), _member(node)
        if shape is None or name is None or not shape.is_object or shape.takes(name):
            return
        known = ", ".join(shape.names[:_MAX_SHOWN])
        yield node.lineno, f'the input contract has no field "{name}" there; known: {known}'

    def _shape(self, node: nodes.Node, scope: Mapping[str, Shape | None]) -> Shape | None:
        """Shape of an expression, None where it is not known to be a place of the record."""
        if isinstance(node, nodes.Name):
            return scope.get(node.name)
        if isinstance(node, nodes.Getattr | nodes.Getitem):
            return self._member_shape(node, scope)
        same = {"sort", "list", "reverse", "unique", "selectattr", "rejectattr"}
        if isinstance(node, nodes.Filter) and node.name in same and node.node is not None:
            return self._shape(node.node, scope)
        return None

    def _member_shape(self, node: nodes.Getattr | nodes.Getitem, scope: Mapping[str, Shape | None]) -> Shape | None:
        around = self._shape(node.node, scope)
        if around is None:
            return None
        name = _member(node)
        if name is None:
            return around if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Slice) else around.items
        return around.field(name) if around.is_object and around.takes(name) else None


def _member(node: nodes.Getattr | nodes.Getitem) -> str | None:
    if isinstance(node, nodes.Getattr):
        return node.attr
    return node.arg.value if isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str) else None
