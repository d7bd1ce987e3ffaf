"""`map`: record fields whose name in the payload differs. Dotted fields reach into objects and the items of lists."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from adapter.tasks.shape import Shape


@dataclass(slots=True)
class Mapped:
    """What is mapped at one place: where it comes from ("" = its own name), and what is mapped below it.

    A source is relative to the source of the nearest mapped field around it: {lines: Item, lines.price: Net/Amount}
    takes Net/Amount of each Item.
    """

    source: str = ""
    fields: dict[str, "Mapped"] = field(default_factory=dict)


NOT_MAPPED = Mapped()


def mapping_tree(mapping: Mapping[str, str], shape: Shape) -> Mapped:
    """Arrange a flat map by the places it names."""
    if not mapping:
        return NOT_MAPPED
    root = Mapped()
    for target, source in mapping.items():
        place = root
        for name in target_path(target, shape):
            place = place.fields.setdefault(name, Mapped())
        place.source = source
    return root


def target_path(target: str, shape: Shape) -> tuple[str, ...]:
    """Path of a record field; a dot parts names unless the contract has a field of just that name."""
    return (target,) if target in shape.names or "." not in target else tuple(target.split("."))


def declared_path(name: str, shape: Shape) -> tuple[str, ...] | None:
    """Path of a payload's name that the contract has, dotted names as nested objects; None = it is not taken."""
    if name in shape.names:
        return (name,)
    steps = name.split(".")
    if 1 < len(steps) <= _MAX_STEPS and all(known for known in _known_steps(steps, shape)):
        return tuple(steps)
    return (name,) if shape.is_open else None


_MAX_STEPS = 16


def _known_steps(steps: list[str], shape: Shape) -> Iterator[bool]:
    for step in steps:
        yield step in shape.names
        shape = shape.field(step)
