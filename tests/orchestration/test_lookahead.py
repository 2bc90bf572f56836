"""A vectorised strategy that looks ahead is caught with the first bar; an honest one never is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrate.domain.bars import Bars
from orchestrate.domain.market import BarSeries
from orchestrate.domain.strategy import Signals
from orchestrate.orchestration.lookahead import CUTS, LookAheadReport, check_lookahead, choose_cuts
from tests.engines.stage import market, series

Flagging = Callable[[np.ndarray], np.ndarray]


class By:
    """Flags from a function of the closes."""

    def __init__(self, enter: Flagging, leave: Flagging | None = None) -> None:
        self.enter, self.leave = enter, leave or (lambda close: np.zeros(len(close), dtype=np.bool_))

    def signals(self, bars: Bars) -> Signals:
        return Signals(self.enter(bars.close), self.leave(bars.close))


def walk(size: int, seed: int = 0) -> BarSeries:
    close = np.round(100 + np.cumsum(np.random.default_rng(seed).normal(0, 1, size)), 2)
    return series("A", list(zip(close, close, strict=True)))


def shifted(close: np.ndarray) -> np.ndarray:
    """Tomorrow's close is higher: the commonest mistake of all."""
    return np.r_[close[1:] > close[:-1], False]


CHEATS: dict[str, Flagging] = {
    "tomorrow": shifted,
    "three days ahead": lambda close: (
        np.r_[close[3:] > close[:-3], [False] * min(3, len(close))]
        if len(close) > 3
        else np.zeros(len(close), dtype=np.bool_)
    ),
    "the highest of all": lambda close: close >= close.max(),
    "the mean of all": lambda close: close > close.mean(),
    "centred average": lambda close: close > np.convolve(close, np.ones(5) / 5, mode="same"),
    "the last bar": lambda close: np.arange(len(close)) == len(close) - 1,
    "backwards": lambda close: np.minimum.accumulate(close[::-1])[::-1] >= close,
    "z-score of all": lambda close: (close - close.mean()) / (close.std() + 1e-12) > 1,
}


@pytest.mark.parametrize("cheat", CHEATS)
@pytest.mark.parametrize("size", [20, 250, 2_000])
def test_cheats_are_caught(cheat: str, size: int) -> None:
    bars = walk(size)
    report = check_lookahead(By(CHEATS[cheat]), bars)
    assert not report.honest
    assert report.first_row is not None
    assert report.side == "enter_long"
    whole = CHEATS[cheat](bars.close)
    # the bar that is named is one at which the answer really changes when later bars are missing
    assert any(
        CHEATS[cheat](bars.close[:cut])[report.first_row] != whole[report.first_row]
        for cut in report.cuts
        if cut > report.first_row
    )


@pytest.mark.parametrize("size", [2, 5, 9])
def test_short_histories_are_cut_everywhere(size: int) -> None:
    report = check_lookahead(By(shifted), walk(size, seed=3))
    assert report.cuts == tuple(range(1, size))
    rises = np.flatnonzero(shifted(walk(size, seed=3).close))
    assert report.first_row == (rises[0] if len(rises) else None)


def test_the_first_bar_is_named_when_every_cut_is_made() -> None:
    bars = walk(60, seed=5)
    report = check_lookahead(By(shifted), bars, points=100)
    assert report.first_row == int(np.flatnonzero(shifted(bars.close))[0])


def test_an_exit_that_cheats_is_named_as_such() -> None:
    honest = By(lambda close: np.zeros(len(close), dtype=np.bool_), shifted)
    report = check_lookahead(honest, walk(100))
    assert (report.honest, report.side) == (False, "exit_long")


def trailing(window: int, lag: int, above: bool) -> Flagging:
    """Any honest rule: the close against the mean of bars before it."""

    def flags(close: np.ndarray) -> np.ndarray:
        found = np.zeros(len(close), dtype=np.bool_)
        for row in range(window + lag - 1, len(close)):
            mean = close[row - lag - window + 1 : row - lag + 1].mean()
            found[row] = close[row] > mean if above else close[row] < mean
        return found

    return flags


@settings(max_examples=40, deadline=None)
@given(
    size=st.integers(1, 120),
    seed=st.integers(0, 1000),
    window=st.integers(1, 20),
    lag=st.integers(0, 3),
    above=st.booleans(),
    cut_seed=st.integers(0, 50),
)
def test_the_honest_are_never_accused(size: int, seed: int, window: int, lag: int, above: bool, cut_seed: int) -> None:
    strategy = By(trailing(window, lag, above), trailing(window, lag, not above))
    report = check_lookahead(strategy, walk(size, seed), seed=cut_seed)
    assert report.honest
    assert report.unchecked == ()
    assert len(report.cuts) == min(CUTS, size - 1)


@settings(max_examples=30, deadline=None)
@given(size=st.integers(30, 200), seed=st.integers(0, 1000), ahead=st.integers(1, 5), cut_seed=st.integers(0, 50))
def test_whoever_peeks_is_caught_whatever_the_cuts(size: int, seed: int, ahead: int, cut_seed: int) -> None:
    """Flags that stand where a bar `ahead` is higher; half of the cuts lie right behind a flag."""

    def peek(close: np.ndarray) -> np.ndarray:
        found = np.zeros(len(close), dtype=np.bool_)
        if len(close) > ahead:
            found[:-ahead] = close[ahead:] > close[:-ahead]
        return found

    bars = walk(size, seed)
    if peek(bars.close).any():
        assert not check_lookahead(By(peek), bars, seed=cut_seed).honest


def test_the_same_seed_cuts_the_same() -> None:
    flagged = np.zeros(500, dtype=np.bool_)
    flagged[[10, 200, 340]] = True
    cuts = choose_cuts(flagged, 8, 0)
    assert cuts == choose_cuts(flagged, 8, 0) != choose_cuts(flagged, 8, 1)
    assert {11, 201, 341} <= set(cuts)
    assert len(cuts) == 8
    assert choose_cuts(flagged[:1], 8, 0) == ()


class NeedsHistory:
    """Can't be computed on less than fifty bars, and says so by breaking."""

    def signals(self, bars: Bars) -> Any:
        if len(bars) < 50:
            raise ValueError("too short")
        return bars.close > 100, bars.close < 100


def test_what_cannot_be_computed_is_told_and_no_accusation() -> None:
    report = check_lookahead(NeedsHistory(), walk(60), points=59)
    assert report == LookAheadReport("A", tuple(range(1, 60)), unchecked=tuple(range(1, 50)))
    assert report.honest


def test_a_strategy_that_asks_for_the_length_is_caught() -> None:
    """Whoever knows how many bars there will be, knows the future."""
    assert not check_lookahead(By(lambda close: np.arange(len(close)) < len(close) // 2), walk(300)).honest


def test_the_market_stays_as_it_was() -> None:
    bars = walk(100)
    before = bars.close.tolist()
    check_lookahead(By(shifted), bars)
    assert market(bars).series["A"].close.tolist() == before


class FitsOnce:
    """Takes the mean of what it is shown first for all time: the whole history, where nobody cuts it before."""

    def __init__(self) -> None:
        self.mean: float | None = None

    def signals(self, bars: Bars) -> Signals:
        if self.mean is None:
            self.mean = float(bars.close.mean())
        return Signals(bars.close < self.mean, bars.close > self.mean)


def test_what_was_learnt_from_the_whole_is_found_out_by_a_twin_that_never_saw_it() -> None:
    bars = walk(200, seed=2)
    assert check_lookahead(FitsOnce(), bars).honest  # by itself nobody can tell
    twin = FitsOnce()
    assert not check_lookahead(FitsOnce(), bars, twin=twin).honest
    assert twin.mean is None
    assert check_lookahead(By(lambda close: close > 100), bars, twin=By(lambda close: close > 100)).honest


def test_a_twin_that_cannot_be_copied_is_asked_itself() -> None:
    class Single(FitsOnce):
        def __deepcopy__(self, seen: dict[int, Any]) -> Any:
            raise TypeError("there is but one")

    assert not check_lookahead(FitsOnce(), walk(200, seed=2), twin=Single()).honest
