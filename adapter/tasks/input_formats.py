"""What `input.formats` of task.yaml may say: which formats a task accepts, and how each becomes the record."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, StrictBool, field_validator, model_validator

from adapter.tasks.charsets import codec_name
from adapter.tasks.dates import DatePattern

_STEP = re.compile(r"(?:[\w.-]+:)?(?:[\w.-]+|\*)\Z")
_LATER = {"pdf", "image"}

FieldName = Annotated[str, Field(min_length=1, max_length=200)]
OneCharacter = Annotated[str, Field(min_length=1, max_length=1)]


class _Format(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    charset: str | None = None
    """Of payloads that do not say theirs; UTF-8 by default."""
    map: dict[FieldName, str] = {}
    """As input.map, for this format alone; wins over it."""

    @field_validator("charset")
    @classmethod
    def _is_known(cls, charset: str | None) -> str | None:
        if charset is not None and codec_name(charset) is None:
            raise ValueError(f'"{charset}" is not a charset known here, for example utf-8, cp1252, iso-8859-15, cp1141')
        return charset


class JsonFormat(_Format):
    """JSON; select is the JSON Pointer of the one record, field the record's field that takes it."""

    select: str = ""
    field: FieldName | None = None

    @field_validator("select")
    @classmethod
    def _is_a_pointer(cls, select: str) -> str:
        if select and (not select.startswith("/") or re.search(r"~(?![01])", select)):
            raise ValueError("a JSON Pointer is empty or starts with /, for example /message/ticket")
        return select


class XmlFormat(_Format):
    """XML and SOAP; select is the path of the one element, from the root."""

    select: str = ""
    namespaces: str | dict[str, str] = "ignore"
    """ignore: names without their namespace; or prefix → URI for the prefixes used in select and map."""
    field: FieldName | None = None

    @field_validator("select")
    @classmethod
    def _is_a_path(cls, select: str) -> str:
        steps = select.split("/")
        if select.strip("/") and (steps[0] or not all(_STEP.match(step) for step in steps[1:])):
            raise ValueError("a path is /name/name from the root element, for example /Envelope/Body/ticket")
        return select

    @field_validator("namespaces")
    @classmethod
    def _is_ignore_or_prefixes(cls, namespaces: str | dict[str, str]) -> str | dict[str, str]:
        if isinstance(namespaces, str) and namespaces != "ignore":
            raise ValueError("either ignore, or prefixes with their namespace URIs")
        return namespaces

    @property
    def steps(self) -> tuple[str, ...]:
        """Names from the root down; () = the root element."""
        return tuple(step for step in self.select.split("/") if step)


class _Numbers(_Format):
    decimal: OneCharacter = "."
    """Decimal mark of numbers."""
    thousands: Annotated[str, Field(max_length=1)] = ""
    """Mark between thousands, if there is one."""
    date: str = ""
    """How dates are written, for example DD.MM.YYYY; ISO 8601 by default."""

    @field_validator("date")
    @classmethod
    def _is_a_pattern(cls, date: str) -> str:
        if date:
            DatePattern.of(date)
        return date

    @model_validator(mode="after")
    def _marks_differ(self) -> Self:
        if self.decimal == self.thousands:
            raise ValueError("decimal and thousands are the same character")
        return self


class CsvFormat(_Numbers):
    """Delimited rows in a declared dialect; one row is one record, unless rows names the field that takes them."""

    delimiter: OneCharacter = ","
    quote: Annotated[str, Field(max_length=1)] = '"'
    """Empty: nothing is quoted."""
    header: StrictBool = True
    columns: tuple[FieldName, ...] = ()
    """Names of the columns when there is no header."""
    rows: FieldName | None = None
    """Field of the record that takes all rows, as a list."""

    @model_validator(mode="after")
    def _names_its_columns(self) -> Self:
        if self.header == bool(self.columns):
            raise ValueError("columns are named either by the header or, with header: false, by columns")
        if self.delimiter == self.quote or {self.delimiter, self.quote} & {"\r", "\n"}:
            raise ValueError("delimiter and quote must be two different characters, neither a line end")
        return self


class FixedWidthFormat(_Numbers):
    """Lines of fixed columns, as declared in a layout file."""

    layout: Annotated[str, Field(min_length=1, max_length=200)]
    """Name of the layout file in the task's folder."""


class PropertiesFormat(_Numbers):
    """Java .properties; dotted keys become nested objects where the contract has them."""


class TextFormat(_Format):
    """The text as it is, in one field: the contract's only text field by default."""

    field: FieldName | None = None


class HtmlFormat(TextFormat):
    """A page or mail as Markdown, in one field: the contract's only text field by default."""


AnyFormat = JsonFormat | XmlFormat | CsvFormat | FixedWidthFormat | PropertiesFormat | TextFormat | HtmlFormat


class InputFormats(BaseModel):
    """The formats a task accepts; a key that is absent is refused by name."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    json_format: JsonFormat | None = Field(default=None, alias="json")
    xml: XmlFormat | None = None
    csv: CsvFormat | None = None
    fixed_width: FixedWidthFormat | None = Field(default=None, alias="fixed-width")
    properties: PropertiesFormat | None = None
    text: TextFormat | None = None
    html: HtmlFormat | None = None

    @model_validator(mode="before")
    @classmethod
    def _empty_means_defaults(cls, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        later = sorted(_LATER & set(value))
        if later:
            raise ValueError(f"{' and '.join(later)}: not supported yet; remove it")
        return {name: {} if options is None else options for name, options in value.items()}

    @model_validator(mode="after")
    def _accepts_something(self) -> Self:
        if not self.names:
            raise ValueError("name at least one format, for example json: {}")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the accepted formats, as in task.yaml."""
        fields = type(self).model_fields.items()
        return tuple(field.alias or name for name, field in fields if getattr(self, name) is not None)

    def options(self, name: str) -> AnyFormat:
        """Options of an accepted format, by its name in task.yaml. Raises KeyError when it is not accepted."""
        field = {"json": "json_format", "fixed-width": "fixed_width"}.get(name, name)
        options: AnyFormat | None = getattr(self, field) if field in type(self).model_fields else None
        if options is None:
            raise KeyError(name)
        return options
