"""Charts: figures made by plotly, as the page's script draws them. Colours are names of the page's style sheet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from orchestrate.domain.market.timeline import Floats, Stamps
from orchestrate.reporting.page.markup import Html, label_in_chart

INK: Final = "var(--ink)"
MUTED: Final = "var(--muted)"
LOSS: Final = "var(--loss)"
GAIN: Final = "var(--gain)"
#: So many colours can be distinguished, by colour-blind people too; then lines are dashed.
_COLOURS: Final = 6
_DASHES: Final = ("solid", "dash", "dot")
#: Ticks of an axis in percent, with the digits that tell them apart; and with their signs.
PERCENT: Final = ".2~%"
CHANGE: Final = "+.2~%"
Trace = dict[str, Any]
Points = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart: its title, its figure for plotly, and the table with what it shows.

    `says` is its description for those who don't see it; `note` how much of the data is shown.
    `ranges`: it has buttons for parts of its time. `choices`: it has one for each of its first traces, of which one is
    shown at a time.
    """

    id: str
    title: str
    figure: dict[str, Any]
    table: Html
    says: str
    note: str = ""
    height: int = 300
    ranges: bool = False
    choices: tuple[str, ...] = ()


def colour(place: int) -> str:
    """Return the colour of the series at a place."""
    return f"var(--s{place % _COLOURS + 1})"


def dash(place: int) -> str:
    """Return the dash of the series at a place."""
    return _DASHES[place // _COLOURS % len(_DASHES)]


def moments(stamps: Stamps) -> Floats:
    """Return stamps as charts have them, in milliseconds."""
    return np.asarray(stamps, dtype=np.float64) / 1e6


def line(name: str, x: Points, y: Points, colour: str, **more: Any) -> Trace:
    """Return a line."""
    drawn = {"color": colour, "width": 1.6} | more.pop("line", {})
    return {"type": "scatter", "mode": "lines", "name": label_in_chart(name), "x": x, "y": y, "line": drawn} | more


def area(name: str, x: Points, y: Points, colour: str, group: str, **more: Any) -> Trace:
    """Return a band of a stack."""
    edge = {"color": colour, "width": 0.8}
    drawn = line(name, x, y, colour, line=edge, stackgroup=group, fillcolor=colour, opacity=1.0, **more)
    return drawn | {"hoveron": "points"}


def small(values: Points) -> npt.NDArray[np.float32]:
    """Return values of which seven digits are enough."""
    return np.asarray(values, dtype=np.float32)


def figure(traces: Iterable[Trace], **layout: Any) -> dict[str, Any]:
    """Return a figure that plotly has checked, without its own style."""
    import plotly.graph_objects as go

    made: dict[str, Any] = go.Figure({"data": list(traces), "layout": layout}).to_dict()
    made["layout"].pop("template", None)
    return made
