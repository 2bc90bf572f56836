"""Equity and drawdown as a figure of plotly, for notebooks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from orchestrate.analytics.series import drawdown
from orchestrate.domain.market.timeline import Floats, Stamps
from orchestrate.reporting.page import sampling

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


def equity_figure(labels: Stamps, curves: Mapping[str, Floats], initial: float) -> Figure:
    """Return the curves, the first of which is the portfolio's, and below them how far that lies below its highest.

    Of long ones as many points as can be seen, their extremes among them.
    """
    from plotly.graph_objects import Scatter
    from plotly.subplots import make_subplots

    whole = next(iter(curves.values()))
    falls = drawdown(np.concatenate([[initial], whole]))[1:]
    places = sampling.shown([*curves.values(), falls]) if len(labels) else np.zeros(0, dtype=np.int64)
    moments = labels[places].astype("datetime64[ns]")
    drawn: Figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.7, 0.3], vertical_spacing=0.05)
    for name, curve in curves.items():
        drawn.add_trace(Scatter(x=moments, y=curve[places], name=name, mode="lines"), row=1, col=1)
    below = Scatter(x=moments, y=falls[places], name="drawdown", mode="lines", fill="tozeroy")
    drawn.add_trace(below, row=2, col=1)
    drawn.update_yaxes(title_text="equity", row=1, col=1)
    drawn.update_yaxes(title_text="drawdown", tickformat=".0%", row=2, col=1)
    note = sampling.note(len(places), len(labels))
    drawn.update_layout(title_text=f"Equity and drawdown{f' ({note})' if note else ''}", hovermode="x unified")
    return drawn
