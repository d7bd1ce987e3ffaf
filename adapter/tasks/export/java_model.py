"""What Java classes say of a contract: classes, enums and the types of their properties."""

from dataclasses import dataclass
from enum import StrEnum


class Plain(StrEnum):
    """A value that JSON and Java write alike."""

    TEXT = "String"
    LONG = "Long"
    BIG_INTEGER = "java.math.BigInteger"
    DECIMAL = "java.math.BigDecimal"
    BOOLEAN = "Boolean"
    ANY = "Object"


class Moment(StrEnum):
    """A text of ISO 8601 that Java has a class for."""

    DATE = "java.time.LocalDate"
    DATE_TIME = "java.time.OffsetDateTime"
    TIME = "java.time.OffsetTime"


@dataclass(frozen=True, slots=True)
class Choice:
    """A text out of the constants of an enum."""

    enum: str


@dataclass(frozen=True, slots=True)
class Nested:
    """An object with a class of its own."""

    name: str


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list."""

    item: "JavaType"


@dataclass(frozen=True, slots=True)
class MapOf:
    """An object whose keys are not known beforehand."""

    value: "JavaType"


JavaType = Plain | Moment | Choice | Nested | ListOf | MapOf


@dataclass(frozen=True, slots=True)
class Property:
    """One key of an object."""

    key: str
    member: str
    """Its camelCase name in Java."""
    field: str
    """The key itself where Java allows it, as mappers that go by fields want it; else as `member`."""
    type: JavaType
    description: str
    required: bool
    nullable: bool


@dataclass(frozen=True, slots=True)
class JavaClass:
    """An object with its keys, in the contract's order."""

    name: str
    description: str
    properties: tuple[Property, ...]


@dataclass(frozen=True, slots=True)
class JavaEnum:
    """A closed list of texts."""

    name: str
    description: str
    constants: tuple[tuple[str, str], ...]
    """(constant, text), in the contract's order."""


@dataclass(frozen=True, slots=True)
class JavaFile:
    """A root class with everything nested in it."""

    root: JavaClass
    classes: tuple[JavaClass, ...]
    enums: tuple[JavaEnum, ...]
