"""The declared layout of a fixed-width record: which lines it has, and which columns of them are which field."""

from collections import Counter
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, field_validator, model_validator

from adapter.tasks.dates import DatePattern

Position = Annotated[StrictInt, Field(ge=1, le=1_000_000)]
Code = bool | int | str | None


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)


class Columns(_Part):
    """A run of columns; start counts from 1, in characters after decoding."""

    start: Position
    length: Position

    @property
    def end(self) -> int:
        """Last column."""
        return self.start + self.length - 1

    def cut(self, line: str) -> str:
        """Text of these columns; shorter where the line is."""
        return line[self.start - 1 : self.end]


class FieldLayout(Columns):
    """One field of a line. Blank (spaces, low values) means absent; so do zeros in a date."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    type: Literal["text", "integer", "decimal", "date"] = "text"
    scale: Annotated[StrictInt, Field(ge=0, le=18)] = 0
    """Decimals that are implied: 000012550 with scale 2 is 125.50."""
    sign: Literal["leading", "trailing", "overpunch", "none"] = "leading"
    """Where a number's sign stands; overpunch: in its last digit, as COBOL's DISPLAY has it."""
    date: str = "YYYYMMDD"
    trim: Literal["both", "right", "none"] = "both"
    """Of text. Blank text is absent, whatever is trimmed."""
    values: dict[str, Code] = {}
    """What codes of the host mean, for example {J: true, N: false}; others stay as they are."""

    @field_validator("date")
    @classmethod
    def _is_a_pattern(cls, date: str) -> str:
        DatePattern.of(date)
        return date

    @model_validator(mode="after")
    def _options_fit_the_type(self) -> Self:
        if self.scale and self.type != "decimal":
            raise ValueError("scale belongs to fields of type decimal")
        if self.values and self.type != "text":
            raise ValueError("values belong to fields of type text")
        return self


class LineLayout(_Part):
    """One type of line."""

    match: str = ""
    """Text in the discriminator's columns that tells this type."""
    into: Annotated[str, Field(max_length=200)] = ""
    """Field of the record that takes the line; empty: its fields are the record's own."""
    repeat: StrictBool = False
    """Any number of such lines; `into` becomes a list."""
    join: Literal["", "lines", "words"] = ""
    """The one field of such lines becomes one text in `into`, with line ends or spaces between them."""
    skip: StrictBool = False
    """Lines that hold nothing of interest."""
    fields: tuple[FieldLayout, ...] = ()

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if self.skip == bool(self.fields):
            raise ValueError("a line has fields, or skip: true")
        if (self.repeat or self.join) and not self.into:
            raise ValueError("repeat and join need into: the field of the record that takes the lines")
        if self.repeat and self.join:
            raise ValueError("either repeat (a list) or join (one text)")
        if self.join and (len(self.fields) != 1 or self.fields[0].type != "text"):
            raise ValueError("joined lines have exactly one field, of type text")
        _refuse_repeats("field", [field.name for field in self.fields])
        return self


class FixedWidthLayout(_Part):
    """All of a layout file."""

    length: Position | None = None
    """Length of every line. Shorter lines are filled with blanks, longer ones refused."""
    line_ends: StrictBool = True
    """False: lines follow each other without a mark, each `length` characters long."""
    discriminator: Columns | None = None
    """Columns that tell the type of a line."""
    lines: tuple[LineLayout, ...] = ()
    fields: tuple[FieldLayout, ...] = ()
    """Short for a record of one line."""

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if bool(self.lines) == bool(self.fields):
            raise ValueError("name either fields (a record of one line) or lines (several types of lines)")
        if not self.line_ends and self.length is None:
            raise ValueError("line_ends: false needs length, the characters of each line")
        if self.discriminator is None and (len(self.lines) > 1 or any(line.match for line in self.lines)):
            raise ValueError("several types of lines need a discriminator: the columns that tell them apart")
        if self.discriminator is not None and not all(line.match for line in self.line_types):
            raise ValueError("with a discriminator each type of line needs match")
        _refuse_repeats("field", [field.name for field in self.fields])
        _refuse_repeats("match", [line.match for line in self.lines])
        self._refuse_columns_beyond_the_line()
        return self

    @cached_property
    def line_types(self) -> tuple[LineLayout, ...]:
        """Types of lines, the short form included."""
        return self.lines or (LineLayout(fields=self.fields),)

    def _refuse_columns_beyond_the_line(self) -> None:
        if self.length is None:
            return
        for field in (field for line in self.line_types for field in line.fields):
            if field.end > self.length:
                raise ValueError(f'field "{field.name}" ends at column {field.end}, the line at {self.length}')


def _refuse_repeats(what: str, names: list[str]) -> None:
    repeated = sorted(name for name, count in Counter(names).items() if count > 1)
    if repeated:
        raise ValueError(f"the same {what} twice: {', '.join(repeated)[:200]}")
