"""The Jinja environment of prompts: no attribute of a Python object, no method, no file, bounded steps and sizes."""

import operator
from decimal import Decimal
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined, nodes
from jinja2.exceptions import SecurityError, TemplateRuntimeError
from jinja2.runtime import Context, LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace

from adapter.tasks.template_filters import FILTERS, KEPT_TESTS, TESTS, shown
from adapter.tasks.template_values import NOT_GIVEN, FreeText, NotGiven, TemplateObject

_LOOP_MEMBERS = frozenset({"index", "index0", "revindex", "revindex0", "first", "last", "length"})
_MAX_RANGE = 1000
_MAX_NUMBER = 10**30
_OPERATORS = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
}


class TemplateFunction:
    """A function that templates may call."""

    def __init__(self, function: Any) -> None:
        self._function = function

    def __call__(self, *arguments: Any) -> Any:
        """Call it; templates pass positions only."""
        return self._function(*arguments)


class PromptEnvironment(ImmutableSandboxedEnvironment):
    """Reads members of template values only; everything else is undefined, and printing that is an error."""

    intercepted_binops = frozenset({*_OPERATORS, "**"})

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Member of a record's object, of `loop`, or of a namespace."""
        if isinstance(obj, LoopContext) and attribute in _LOOP_MEMBERS:
            return getattr(obj, attribute)
        if isinstance(obj, Namespace) and not attribute.startswith("_"):
            return getattr(obj, attribute, self.undefined(obj=obj, name=attribute))
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Member of a record's object or list, item of a list or mapping written in the template."""
        try:
            if isinstance(obj, TemplateObject):
                return obj.member(argument)
            if isinstance(obj, NotGiven):
                return NOT_GIVEN
            if isinstance(obj, dict) or (isinstance(obj, (list, tuple, FreeText)) and isinstance(argument, int)):
                return obj[argument]
        except (LookupError, TypeError):
            pass
        return self.undefined(obj=obj, name=argument)

    def is_safe_callable(self, obj: Any) -> bool:
        """Only what was made for templates."""
        return isinstance(obj, TemplateFunction) or obj is Namespace

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:  # noqa: ARG002 - the signature is Jinja's
        """Calculate with numbers of ordinary size."""
        if operator not in _OPERATORS:
            raise SecurityError(f"the operator {operator} is not available")
        if not all(isinstance(value, (int, float, Decimal)) for value in (left, right)):
            raise TemplateRuntimeError(f"{operator} works on numbers; texts are joined with ~")
        if max(abs(left), abs(right)) > _MAX_NUMBER:
            raise TemplateRuntimeError("a number is too large to calculate with")
        if isinstance(left, Decimal) or isinstance(right, Decimal):
            left, right = Decimal(str(left)), Decimal(str(right))
        return _OPERATORS[operator](left, right)


@lru_cache(maxsize=1)
def prompt_environment() -> PromptEnvironment:
    """Return the one environment, made when the first prompt is compiled."""
    environment = PromptEnvironment(
        undefined=StrictUndefined,
        autoescape=False,
        finalize=shown,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters = dict(FILTERS)
    environment.tests = {name: environment.tests[name] for name in KEPT_TESTS} | dict(TESTS)
    environment.globals = {"range": TemplateFunction(_range), "namespace": Namespace}
    return environment


def bounded(tree: nodes.Template) -> nodes.Template:
    """Rewrite loops and `~` so that their steps and sizes are counted."""
    for loop in tree.find_all(nodes.For):
        loop.iter = _filtered(loop.iter, "counted by the adapter")
    _replace_concatenations(tree)
    return tree


def _replace_concatenations(node: nodes.Node) -> None:
    for name, value in node.iter_fields():
        if isinstance(value, nodes.Node):
            setattr(node, name, _replaced(value))
        elif isinstance(value, list):
            setattr(node, name, [_replaced(item) if isinstance(item, nodes.Node) else item for item in value])


def _replaced(node: nodes.Node) -> nodes.Node:
    _replace_concatenations(node)
    if not isinstance(node, nodes.Concat):
        return node
    return _filtered(nodes.List(node.nodes, lineno=node.lineno), "concatenated by the adapter")


def _filtered(node: nodes.Node, name: str) -> nodes.Filter:
    made = nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)
    made.set_environment(prompt_environment())
    return made


def _range(*arguments: Any) -> range:
    found = range(*arguments)
    if len(found) > _MAX_RANGE:
        raise TemplateRuntimeError(f"a range has more than {_MAX_RANGE} numbers")
    return found
