"""Tables of a curve that stand beside its metrics: its deepest drawdowns, and its returns by month and by year."""

from __future__ import annotations

from typing import Final

import numpy as np

from orchestrate.analytics.metrics import NoFigureError
from orchestrate.analytics.series import period_table
from orchestrate.analytics.tracks.track import Track
from orchestrate.domain.market.stamps import label_text
from orchestrate.domain.market.timeline import Stamps

_DEEPEST: Final = 5


def tables(track: Track, labels: Stamps) -> dict[str, object]:
    """Return `drawdowns`, the deepest ones first, `monthly` and `yearly`; empty where the curve has no returns.

    `labels` are those of the bars that the closes belong to.
    """
    try:
        track.require_returns()
    except NoFigureError:
        return {"drawdowns": [], "monthly": {}, "yearly": {}}
    stamps, equity = track.month_ends
    return {
        "drawdowns": _deepest(track, track.on_curve(labels)),
        "monthly": period_table(stamps, equity, track.initial, "month"),
        "yearly": period_table(stamps, equity, track.initial, "year"),
    }


def _deepest(track: Track, labels: Stamps) -> list[dict[str, object]]:
    found, days = track.drawdowns, track.drawdown_days
    rows: list[dict[str, object]] = []
    for place in np.argsort(found.depths, kind="stable")[:_DEEPEST].tolist():
        peak, end = int(found.peaks[place]), int(found.ends[place])
        trough = peak + int(np.argmin(track.drawdown[peak : end + 1]))
        rows.append(
            {
                "depth": float(found.depths[place]),
                "peak": label_text(int(labels[peak])),
                "trough": label_text(int(labels[trough])),
                "recovery": label_text(int(labels[end])) if found.is_over[place] else None,
                "days": float(days[place]),
            }
        )
    return rows
