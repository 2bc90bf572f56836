"""How sections are laid out: columns that fit the terminal, and all there is where the text goes to a file or a pipe.

A number is never cut. Where a table is too wide, its dispensable columns are left out, then names lose their middle,
and at last each row becomes a paragraph.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from orchestrate.reporting.output import ENDLESS

MARGIN: Final = 2
#: Names are not shortened below this.
_SHORTEST: Final = 10
#: The least width of a column of prose.
_PROSE: Final = 24

Row = Sequence[Text]


@dataclass(frozen=True, slots=True)
class Screen:
    """What a section is made for: so many columns, or (`piped`) no terminal at all; `verbose`: everything is shown."""

    width: int
    piped: bool = False
    verbose: bool = False

    @property
    def room(self) -> int:
        """The columns that there are beside the margin."""
        return (ENDLESS if self.piped else self.width) - MARGIN

    def most(self, number: int) -> int | None:
        """Return how many of a long list are shown: `number` on a terminal, else all."""
        return None if self.piped or self.verbose else number


class Column(NamedTuple):
    """A column of a table; of several with a rank, the highest one is the first to be left out.

    One of `prose` goes on under its own beginning where it is too long.
    """

    head: str
    right: bool = True
    rank: int = 0
    prose: bool = False


def heading(title: str) -> Text:
    """Return the title of a section."""
    return Text(title, style="bold")


def indented(renderable: RenderableType) -> Padding:
    """Return what stands below a title."""
    return Padding(renderable, (0, 0, 0, MARGIN), expand=False)


def fitted(columns: Sequence[Column], rows: Sequence[Row], screen: Screen) -> RenderableType:
    """Return the rows as a table whose first column names them, or as paragraphs where the screen is too narrow."""
    for shown in _choices(columns):
        for gap in (2, 1):
            if _width(columns, rows, shown, gap) <= screen.room:
                return _table(columns, rows, shown, gap)
    left = screen.room - _width(columns, [[Text(), *row[1:]] for row in rows], shown, 1)
    if left >= _SHORTEST:
        return _table(columns, [[shortened(row[0], left), *row[1:]] for row in rows], shown, 1)
    return Group(*(line for row in rows for line in _paragraph(columns, row, screen)))


def listed(rows: Iterable[tuple[Text, Text]]) -> Table | None:
    """Return two columns, of which the second goes on under its own beginning; None without a row."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for row in rows:
        grid.add_row(*row)
    return grid if grid.row_count else None


def shortened(text: Text, room: int) -> Text:
    """Return `text`, without its middle where it is longer than `room`."""
    if len(text.plain) <= room:
        return text
    tail = (room - 1) // 2
    return Text(f"{text.plain[: room - 1 - tail]}…{text.plain[-tail:]}", text.style)


def _choices(columns: Sequence[Column]) -> Iterator[list[int]]:
    """Yield the columns that may be shown: first all, at last those alone that have no rank."""
    shown = list(range(len(columns)))
    yield shown
    for place in sorted((place for place in shown if columns[place].rank), key=lambda at: -columns[at].rank):
        shown = [other for other in shown if other != place]
        yield shown


def _width(columns: Sequence[Column], rows: Sequence[Row], shown: Sequence[int], gap: int) -> int:
    widths = [max(len(columns[place].head), *(len(row[place].plain) for row in rows)) for place in shown]
    least = [min(width, _PROSE) if columns[place].prose else width for place, width in zip(shown, widths, strict=True)]
    return sum(least) + gap * (len(shown) - 1)


def _table(columns: Sequence[Column], rows: Sequence[Row], shown: Sequence[int], gap: int) -> Table:
    table = Table(box=None, padding=(0, gap, 0, 0), pad_edge=False, header_style="dim", expand=False)
    for place in shown:
        column = columns[place]
        justify: Literal["left", "right"] = "right" if column.right else "left"
        table.add_column(column.head, no_wrap=not column.prose, overflow="fold", justify=justify)
    for row in rows:
        table.add_row(*(row[place] for place in shown))
    return table


def _paragraph(columns: Sequence[Column], row: Row, screen: Screen) -> Iterator[Text]:
    """Yield a row as its name and its cells below, each with its head, as many in a line as fit."""
    yield row[0]
    line = Text("  ")
    for column, cell in zip(columns[1:], row[1:], strict=True):
        if not cell.plain:
            continue
        part = Text.assemble((f"{column.head} ", "dim"), cell)
        if len(line.plain) > MARGIN and len(line.plain) + len(part.plain) > screen.room:
            yield line
            line = Text("  ")
        line = Text.assemble(line, part, "  ")
    yield line
