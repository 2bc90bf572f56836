"""A vectorised strategy that looks ahead is caught with the first bar; an honest one never is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrate.domain.market.bars import Bars
from orchestrate.domain.market.timeline import BarSeries
from orchestrate.domain.strategies.protocols import Signals
from orchestrate.orchestration.strategies.cuts import IDLE, MINIMUM, choose_rows, no_action, simulate_acted
from orchestrate.orchestration.strategies.deciders import BITS, SIDES, WISHES, VectorDecider
from orchestrate.orchestration.strategies.lookahead import (
    OTHER,
    CheckStopped,
    LookAheadReport,
    Observation,
    Subject,
    check_lookahead,
)
from tests.engines.builders import series
from tests.orchestration.strategies.vector_rules import By, Make, above, ahead, below, fell, none, rose
from tests.orchestration.strategies.vector_strategies import (
    HONEST,
    PEEKING,
    UNREPEATABLE,
    Alternates,
    FitsOnce,
    Follows,
    FollowsTheWhole,
    PeeksAtFirst,
)

#: They take flags away, so that what they act upon is right; the bars at which they did nothing show it, if looked at.
SUPPRESSING = {"dense entries, none before a fall", "dense exits, none before a rise"}


def walk(size: int = 160, seed: int = 2, symbol: str = "A") -> BarSeries:
    """Prices with equal closes, a stretch of one price, and ranges and volumes that vary."""
    chance = np.random.default_rng(seed)
    close = np.round(100 * np.exp(np.cumsum(chance.normal(0, 0.012, size))), 1)
    close[size // 3 : size // 3 + 12] = close[size // 3]
    opens = np.round(np.r_[close[0], close[:-1]] * (1 + chance.normal(0, 0.003, size)), 1)
    spread = np.abs(chance.normal(0, 0.004, (2, size)))
    high, low = np.maximum(opens, close) * (1 + spread[0]), np.minimum(opens, close) * (1 - spread[1])
    bars = series(symbol, list(zip(opens, close, strict=True)))
    return replace(bars, high=high, low=low, volume=np.round(chance.lognormal(8, 0.5, size)))


def no_time() -> bool:
    return False


def subject_of(make: Make, *every: BarSeries, twin: Any = None) -> Subject:
    """A strategy that was called on these series, as by a run."""
    strategy, bars = make(), {one.symbol: one for one in every}
    decider = VectorDecider(strategy, bars)
    decider.start()
    codes = {symbol: np.asarray(answer) for symbol, answer in decider.codes.items()}
    acted = {symbol: simulate_acted(answer) for symbol, answer in codes.items()}
    return Subject(strategy, twin or make(), bars, codes, acted, decider.sized)


def check(make: Make, *every: BarSeries, more: Callable[[], bool] | None = None) -> LookAheadReport:
    """The check of the last of these series."""
    return check_lookahead(subject_of(make, *every), every[-1].symbol, more)


def verdicts(report: LookAheadReport) -> list[str]:
    return [observation.verdict for observation in report.observations]


def actions(report: LookAheadReport) -> int:
    return sum(report.acted[side] for side in SIDES)


# ---- those who peek, and those who don't


@pytest.mark.parametrize("name", PEEKING)
@pytest.mark.parametrize("seed", [2, 3])
def test_every_peek_that_changes_a_trade_is_caught(name: str, seed: int) -> None:
    report = check(PEEKING[name], walk(seed=seed))
    assert actions(report) > 0, "it would show nothing"
    assert verdicts(report) == ["looks ahead"]
    [observation] = report.observations
    assert observation.side in SIDES
    assert 0 <= observation.row < 160


@pytest.mark.parametrize("name", sorted(PEEKING.keys() - SUPPRESSING))
def test_eight_cuts_of_a_kind_are_enough_for_most(name: str) -> None:
    assert verdicts(check(PEEKING[name], walk(seed=3), more=no_time)) == ["looks ahead"]


@pytest.mark.parametrize(("seed", "more"), [(2, None), (3, no_time)], ids=["every flag", "without time"])
@pytest.mark.parametrize("name", HONEST)
def test_the_honest_are_never_accused(name: str, seed: int, more: Callable[[], bool] | None) -> None:
    report = check(HONEST[name], walk(seed=seed), more=more)
    assert report.honest
    expected = {
        "rounding of a Fourier transform": ["rounding"],
        "noise seeded in the constructor": ["keeps state"],
    }
    assert verdicts(report) == expected.get(name, [])
    assert report.unchecked == ()


def test_there_are_enough_of_both() -> None:
    assert len(PEEKING) >= 30
    assert len(HONEST) >= 30


def test_the_traded_flag_that_changes_is_named() -> None:
    bars = walk()
    report = check(lambda: By(lambda b: (ahead(b.close) > b.close, none(b))), bars)
    rises = int(np.flatnonzero(bars.close[1:] > bars.close[:-1])[0])
    assert report.observations == (Observation("looks ahead", rises, "enter_long"),)


def test_a_flag_from_which_nothing_follows_may_change() -> None:
    """An exit of the warm-up, which short histories don't show: it means nothing while flat."""

    def rule(bars: Bars) -> tuple[Any, ...]:
        enter = above(bars)
        return (enter, ~enter) if len(bars) >= 10 else (none(bars), none(bars))

    assert check(lambda: By(rule), walk()).honest


@settings(max_examples=25, deadline=None)
@given(size=st.integers(30, 120), seed=st.integers(0, 1000), by=st.integers(1, 5))
def test_entries_of_later_closes_are_caught_whatever_the_prices(size: int, seed: int, by: int) -> None:
    report = check(lambda: By(lambda b: (ahead(b.close, by) > b.close, fell(b))), walk(size, seed), more=no_time)
    assert report.honest == (report.acted["enter_long"] == 0)


# ---- state, and answers that change


@pytest.mark.parametrize("name", UNREPEATABLE)
def test_what_answers_differently_each_time_is_not_repeatable(name: str) -> None:
    for seed in range(5):
        report = check(UNREPEATABLE[name], walk(seed=seed), more=no_time)
        assert verdicts(report) == ["not repeatable"]
        assert not report.honest


def test_what_answers_the_second_time_differently_is_a_warning() -> None:
    report = check(Alternates, walk())
    assert (report.honest, verdicts(report)) == (True, ["keeps state"])
    assert report.checked == {**report.acted, OTHER: IDLE}


def test_a_peek_at_the_first_call_only_is_caught() -> None:
    report = check(PeeksAtFirst, walk())
    assert (report.honest, verdicts(report)) == (False, ["not repeatable"])


def test_a_peek_that_refuses_a_second_question_is_caught() -> None:
    class AskedOnce(PeeksAtFirst):
        def signals(self, bars: Bars) -> Signals:
            if self.calls:
                raise RuntimeError("you have asked already")
            return super().signals(bars)

    assert verdicts(check(AskedOnce, walk())) == ["looks ahead"]


def test_what_is_kept_of_an_earlier_symbol_until_the_same_day_is_honest() -> None:
    assert verdicts(check(Follows, walk(seed=4, symbol="LEADER"), walk(seed=5))) == []


def test_what_is_kept_of_an_earlier_symbols_future_is_not() -> None:
    every = walk(seed=4, symbol="LEADER"), walk(seed=5)
    assert verdicts(check(FollowsTheWhole, *every)) == ["looks ahead"]


def test_a_fresh_twin_reveals_what_was_learnt_from_the_whole() -> None:
    subject = subject_of(FitsOnce, walk())
    assert isinstance(subject.twin, FitsOnce)
    assert not check_lookahead(subject, "A").honest
    assert subject.twin.mean is None
    assert check_lookahead(replace(subject, twin=subject.strategy), "A").honest  # it alone shows nothing


def test_a_twin_that_cannot_be_copied_is_called_itself() -> None:
    class Single(FitsOnce):
        def __deepcopy__(self, seen: dict[int, Any]) -> Any:
            raise TypeError("there is but one")

    assert not check(Single, walk()).honest


# ---- how much is checked


def test_at_least_eight_of_each_kind_and_more_while_there_is_time() -> None:
    bars = walk(600)

    def both(b: Bars) -> tuple[Any, ...]:
        return rose(b) & above(b), fell(b), fell(b) & below(b), rose(b)

    least = check(lambda: By(both), bars, more=no_time)
    assert all(least.acted[side] > 2 * MINIMUM for side in SIDES)
    assert all(MINIMUM <= least.checked[side] < least.acted[side] for side in SIDES)
    assert least.checked == least.covered
    assert not least.complete
    turns = iter([True] * 40 + [False])
    some = check(lambda: By(both), bars, more=lambda: next(turns))
    assert some.checked == least.checked, "what is said does not depend on time"
    assert sum(some.covered.values()) > sum(least.covered.values()) + 20
    every = check(lambda: By(both), bars)
    assert every.complete
    assert {side: every.checked[side] for side in SIDES} == {side: every.acted[side] for side in SIDES}


def test_few_flags_are_all_checked() -> None:
    def rule(bars: Bars) -> tuple[Any, ...]:
        rows = np.arange(len(bars)) % 40
        return rows == 20, rows == 30

    report = check(lambda: By(rule), walk(200), more=no_time)
    assert report.complete
    assert (report.checked["enter_long"], report.checked["exit_long"], report.checked[OTHER]) == (5, 5, MINIMUM)
    assert report.acted["enter_short"] == report.checked["enter_short"] == 0


def test_the_rows_are_the_same_each_time_and_include_the_luckiest() -> None:
    bars = walk(600)
    acted = no_action() | {"exit_long": np.arange(20, 590, 10)}
    always, further = choose_rows(bars, acted)
    assert (always, further) == choose_rows(bars, acted)
    assert always == sorted(always)
    fall = np.diff(bars.close) / bars.close[:-1]
    assert min(acted["exit_long"], key=lambda row: float(fall[row])) in always
    assert set(acted["exit_long"].tolist()) <= {*always, *further}
    assert not {*always} & {*further}
    assert 599 not in {*always, *further}, "nothing is missing behind the last bar"


@pytest.mark.parametrize("size", [1, 2, 3])
def test_the_shortest_histories(size: int) -> None:
    bars = series("A", [(10.0, 10.0 + row) for row in range(size)])
    assert verdicts(check(lambda: By(lambda b: (np.arange(len(b)) == 0, none(b))), bars)) == []
    assert check(lambda: By(lambda b: (np.arange(len(b)) == len(b) - 1, none(b))), bars).honest == (size == 1)


def test_acting_is_simulated_as_flags_are_read_in_a_run() -> None:
    codes = np.random.default_rng(1).integers(0, 16, 300).astype(np.uint8)
    acted = simulate_acted(codes)
    held, expected = 0, {side: [] for side in SIDES}
    for row, code in enumerate(codes.tolist()):
        enter_long, exit_long, enter_short, exit_short = (bool(code & bit) for bit in BITS)
        buys, sells = enter_long and not exit_long, enter_short and not exit_short
        if held > 0 and exit_long:
            expected["exit_long"].append(row)
            held = 0
        elif held < 0 and exit_short:
            expected["exit_short"].append(row)
            held = 0
        elif not held and buys != sells:
            expected["enter_long" if buys else "enter_short"].append(row)
            held = 1 if buys else -1
    assert {side: rows.tolist() for side, rows in acted.items()} == expected
    assert all(len(rows) > 5 for rows in expected.values())
    assert len(WISHES) == 3


# ---- what can't be computed


class Fussy:
    """Can't be computed on less than fifty bars, and says so by breaking."""

    def signals(self, bars: Bars) -> Signals:
        if len(bars) < 50:
            raise ValueError("too short")
        return Signals(above(bars), below(bars))


def test_what_cannot_be_computed_is_no_accusation_and_not_counted() -> None:
    report = check(Fussy, walk(60))
    assert report.honest
    assert report.unchecked
    assert max(report.unchecked) < 50
    assert sum(report.checked.values()) + len(report.unchecked) == 59
    assert sum(report.checked.values()) == 10


def test_a_check_that_is_stopped_ends_at_once() -> None:
    class Stopped(By):
        def signals(self, bars: Bars) -> Signals:
            if len(bars) < 160:
                raise CheckStopped("the run was stopped")
            return super().signals(bars)

    with pytest.raises(CheckStopped):
        check(lambda: Stopped(lambda b: (above(b), below(b))), walk())


def test_the_market_stays_as_it_was() -> None:
    bars = walk()
    before = bars.close.tolist()
    check(PEEKING["tomorrow"], bars)
    assert bars.close.tolist() == before
