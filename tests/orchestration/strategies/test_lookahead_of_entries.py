"""Sizes and exits of entries that look ahead are caught, whatever the flags; honest ones never are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from orchestrate.domain.market.bars import Bars
from orchestrate.domain.strategies.protocols import Signals
from tests.orchestration.strategies.test_lookahead import check, no_time, verdicts, walk
from tests.orchestration.strategies.vector_rules import above, ahead, back, below, convolved, window_of

Figures = Callable[[Bars], dict[str, Any]]


class Sized:
    """Honest flags, and figures of entries from a function of the bars."""

    def __init__(self, figures: Figures, *, shorts: bool = False) -> None:
        self.figures, self.shorts = figures, shorts

    def signals(self, bars: Bars) -> Signals:
        flags = (above(bars), below(bars), below(bars), above(bars)) if self.shorts else (above(bars), below(bars))
        return Signals(*flags, **self.figures(bars))


def known(values: Any, otherwise: float) -> Any:
    return np.where(np.isnan(values), otherwise, values)


def next_low(bars: Bars) -> Any:
    return known(ahead(bars.low), 90.0)


PEEKS: dict[str, Figures] = {
    "size": lambda b: {"size": np.where(ahead(b.close) > b.close, 20.0, 10.0)},
    "stop_loss": lambda b: {"stop_loss": np.where(next_low(b) < 0.99 * b.close, 0.05, 0.01)},
    "take_profit": lambda b: {"stop_loss": 0.05, "take_profit": np.where(ahead(b.high) > b.close * 1.01, 0.01, np.nan)},
    "trail_loss": lambda b: {"trail_loss": np.full(len(b), b.close.std() / b.close.mean())},
}


def absolute(b: Bars) -> dict[str, Any]:
    return {"stop_loss": np.minimum(next_low(b), b.close) - 0.01, "absolute": True}


HONEST: dict[str, Figures] = {
    "one for all": lambda _bars: {"size": 10, "stop_loss": 0.02, "take_profit": 0.04},
    "by volatility, none at first": lambda b: {
        "size": 9 / (1 + window_of(b, np.std)),
        "trail_loss": window_of(b, np.std),
    },
    "rounded differently for each length": lambda b: {"size": known(convolved(b), 100.0)},
    "prices": lambda b: {"stop_loss": np.minimum(b.low, b.close) - 1.0, "absolute": True},
    "peeks where nothing is entered": lambda b: {"size": np.where(above(b) & ~above_before(b), 10.0, ahead(b.close))},
}


def above_before(bars: Bars) -> Any:
    return known(back(above(bars).astype(float)), 0.0) == 1.0


@pytest.mark.parametrize("shorts", [False, True])
@pytest.mark.parametrize("name", PEEKS)
def test_a_figure_that_peeks_is_named(name: str, shorts: bool) -> None:
    report = check(lambda: Sized(PEEKS[name], shorts=shorts), walk(seed=3), more=no_time)
    [observation] = report.observations
    assert (observation.verdict, observation.side) == ("looks ahead", name)


def test_a_price_that_peeks_is_named() -> None:
    [observation] = check(lambda: Sized(absolute), walk(seed=3), more=no_time).observations
    assert (observation.verdict, observation.side) == ("looks ahead", "stop_loss")


@pytest.mark.parametrize("name", HONEST)
def test_honest_figures_are_never_accused(name: str) -> None:
    report = check(lambda: Sized(HONEST[name]), walk(seed=3))
    assert verdicts(report) == []
    assert report.unchecked == ()


def test_sizes_that_are_drawn_anew_are_not_repeatable() -> None:
    def drawn(bars: Bars) -> dict[str, Any]:
        return {"size": np.random.default_rng().random(len(bars)) + 1.0}

    assert verdicts(check(lambda: Sized(drawn), walk())) == ["not repeatable"]


def test_a_size_that_jumps_by_rounding_is_a_warning() -> None:
    """The mean of five closes is a whole number of ticks at some bars, where its rounding decides."""
    report = check(lambda: Sized(lambda b: {"size": 1.0 + np.floor(known(convolved(b), 100.0) * 50)}), walk(seed=3))
    assert verdicts(report) == ["rounding"]
