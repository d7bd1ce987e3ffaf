"""Tables for people: names and ids are never cut; in a narrow terminal the less important columns go first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table
from rich.text import Text

from adapter.cli.console import cell, output

_FOLDED_WIDTH = 16  # a column of words is readable from here on
_BORDERS = 3  # of each column, and one more
_UNLIMITED = 100_000


@dataclass(frozen=True, slots=True)
class Column:
    """One column. whole: its cells stay on one line, never cut. rank: the highest goes first, 0 never goes."""

    heading: str
    whole: bool = True
    rank: int = 0


def print_table(columns: Sequence[Column], rows: Iterable[Sequence[str | Text]]) -> None:
    """Print it; without a terminal no line is wrapped and no column left out."""
    cells = [[cell(one) if isinstance(one, str) else one for one in row] for row in rows]
    console = output if output.is_terminal else Console(width=_UNLIMITED)
    shown = _fitting(columns, cells, console.width)
    table = Table()
    for index in shown:
        table.add_column(columns[index].heading, no_wrap=columns[index].whole, overflow="fold")
    for row in cells:
        table.add_row(*(row[index] for index in shown))
    console.print(table)


def _fitting(columns: Sequence[Column], rows: Sequence[Sequence[Text]], width: int) -> list[int]:
    """The columns that fit, in their order."""
    widths = [
        max([len(column.heading), *(row[index].cell_len for row in rows)]) for index, column in enumerate(columns)
    ]
    needed = [wide if column.whole else min(wide, _FOLDED_WIDTH) for wide, column in zip(widths, columns, strict=True)]
    shown = list(range(len(columns)))
    for index in sorted(shown, key=lambda index: -columns[index].rank):
        if columns[index].rank and sum(needed[one] + _BORDERS for one in shown) + 1 > width:
            shown.remove(index)
    return shown
