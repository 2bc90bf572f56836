"""One run a kind of strategy, small enough to follow with a pencil.

Capital 10 000; commission 1.00 an order; slippage 1 tick of 0.01; orders fill at the next open. The market:

    bar     0    1    2    3    4    5    6    7    8    9
    open   10   11   12   13   14   13   12   11   10    9
    close  10.5 11.5 12.5 13.5 13.5 12.5 11.5 10.5 9.5  8.5
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.orders.execution import Commission, ExecutionRules, Slippage
from orchestrate.domain.plan import Sizing
from orchestrate.domain.strategies.protocols import Signal
from tests.engines.builders import market_of, series
from tests.orchestration.harness import Flags, HarnessRun, Part, Scripted, Stateless, run_harness

OPENS = [10, 11, 12, 13, 14, 13, 12, 11, 10, 9]
CLOSES = [10.5, 11.5, 12.5, 13.5, 13.5, 12.5, 11.5, 10.5, 9.5, 8.5]
TEN = list(zip(map(float, OPENS), CLOSES, strict=True))
RULES = ExecutionRules(commission=Commission(minimum=1.0), slippage=Slippage(ticks=1))


def run(strategy: object, *, rules: ExecutionRules = RULES, sizing: Sizing | None = None) -> HarnessRun:
    part = Part(strategy, sizing=sizing or Sizing("fixed", Decimal(100)))
    return run_harness(market_of(series("A", TEN)), {"s": part}, rules, capital=10_000)


def check_long_trip(done: HarnessRun) -> None:
    """In at the open of bar 2 (12.01), out at the open of bar 5 (12.99)."""
    result = done.results["s"]
    assert done.fills() == [(100.0, 12.01), (-100.0, 12.99)]
    [trade] = result.trades
    assert trade.profit == pytest.approx(96.0)  # 100 × 0.98 − 2
    # cash 10 000 − 1201 − 1 = 8798, and 100 shares at the close; then 8798 + 1299 − 1
    expected = [10_000, 10_000, 8798 + 1250, 8798 + 1350, 8798 + 1350, 10_096, 10_096, 10_096, 10_096, 10_096]
    assert result.equity.tolist() == pytest.approx(expected)
    assert result.exposed.tolist() == [False, False, True, True, True, False, False, False, False, False]
    assert (result.fees, result.status, result.blocked, result.resized) == (2.0, "completed", 0, 0)


def test_vectorised() -> None:
    check_long_trip(run(Flags(long=[1], out=[4])))


def test_stateless() -> None:
    strategy = Stateless(enter=[1], leave=[4])
    check_long_trip(run(strategy))
    # called for an entry while flat, for an exit while in; the fill of bar 2 comes before its decision
    assert strategy.calls == [
        *[("enter", 1), ("enter", 2)],
        *[("exit", 3), ("exit", 4), ("exit", 5)],
        *[("enter", 6), ("enter", 7), ("enter", 8), ("enter", 9), ("enter", 10)],
    ]


def test_on_bar() -> None:
    strategy = Scripted({1: [Signal.enter("A")], 4: [Signal.exit("A")]})
    check_long_trip(run(strategy))
    assert strategy.callbacks == [(100.0, 12.01), (-100.0, 12.99), "stop"]


def test_at_the_close() -> None:
    """In at the close of bar 1 (11.51), out at the close of bar 4 (13.49): 100 × 1.98 − 2."""
    rules = ExecutionRules(fill="close", commission=Commission(minimum=1.0), slippage=Slippage(ticks=1))
    done = run(Flags(long=[1], out=[4]), rules=rules)
    assert done.fills() == [(100.0, 11.51), (-100.0, 13.49)]
    equity = done.results["s"].equity.tolist()
    assert equity[:2] == pytest.approx([10_000, 10_000 - 1151 - 1 + 1150])
    assert equity[4:] == pytest.approx([10_196.0] * 6)


def test_a_flip_is_a_close_and_an_opening() -> None:
    """Long from bar 1, turned at bar 5 (open 13), covered at bar 9.

    12.99 − 11.01 = 1.98 a share long; short at 12.99, covered at 9.01 = 3.98 a share. Each order costs 1.
    """
    turn = {0: [Signal.enter("A")], 4: [Signal.exit("A"), Signal.enter("A", "short")], 8: [Signal.exit("A")]}
    done = run(Scripted(turn))
    assert done.fills() == [(100.0, 11.01), (-100.0, 12.99), (-100.0, 12.99), (100.0, 9.01)]
    assert [trade.profit for trade in done.results["s"].trades] == pytest.approx([196.0, 396.0])
    assert done.results["s"].equity[-1] == pytest.approx(10_592.0)


def test_short_by_a_stateless_strategy() -> None:
    """Short at 13.99 (bar 4), covered at 10.01 (bar 8): 100 × 3.98 − 2."""
    done = run(Stateless(enter=[3], leave=[7], side="short"))
    assert done.fills() == [(-100.0, 13.99), (100.0, 10.01)]
    assert done.results["s"].equity[-1] == pytest.approx(10_396.0)


def test_percent_is_of_the_equity_at_the_close_it_decides_on() -> None:
    """95 % of 10 000 at 11.50 are 826.08 shares: 826. They fill at 12.01 = 9 920.26 + 1.

    Out at 12.99: 10 729.74 − 1. Next: 95 % of 10 807.48 at the close of bar 5 (12.5) are 821.36.
    """
    done = run(Flags(long=[1, 5], out=[4]), sizing=Sizing())
    cash = 10_000 - 826 * 12.01 - 1 + 826 * 12.99 - 1
    assert cash == pytest.approx(10_807.48)
    assert done.fills() == [(826.0, 12.01), (-826.0, 12.99), (821.0, 12.01)]
    assert done.results["s"].equity[-1] == pytest.approx(cash - 821 * 12.01 - 1 + 821 * 8.5)


def test_percent_100_is_cut_at_the_decision_and_again_at_the_open() -> None:
    """100 % at 11.50 are 869 shares; at 11.51 + fee 9 999 / 11.51 pay for 868; at 12.01 9 999 pay for 832."""
    done = run(Flags(long=[1]), sizing=Sizing("percent", Decimal(100)))
    assert done.fills() == [(832.0, 12.01)]
    assert done.reasons("s") == [("resized", "capital", 868.0), ("resized", "open_gap", 832.0)]
    assert done.results["s"].equity[2] == pytest.approx(10_000 - 832 * 12.01 - 1 + 832 * 12.5)


def test_a_future_by_hand() -> None:
    """Two contracts of 50: in at 12.25 (a tick is 0.25), out at 12.75: 2 × 50 × 0.5 − 2. Cash knows no margin."""
    future = Instrument("A", tick_size=0.25, multiplier=50.0, margin_rate=0.2, asset_class="future")
    part = Part(Flags(long=[1], out=[4]), sizing=Sizing("fixed", Decimal(2)))
    done = run_harness(market_of(series("A", TEN), A=future), {"s": part}, RULES, capital=10_000)
    assert done.fills() == [(2.0, 12.25), (-2.0, 12.75)]
    equity = done.results["s"].equity.tolist()
    assert equity[:5] == pytest.approx([10_000, 10_000, 9_999 + 25, 9_999 + 125, 9_999 + 125])
    assert equity[5:] == pytest.approx([10_048.0] * 5)


def test_notional_and_fractional() -> None:
    """1 000 of money at the close of bar 1 (11.5) are 86.956521 shares, rounded down once to six decimals."""
    rules = ExecutionRules(lots="fractional")
    done = run(Flags(long=[1], out=[4]), rules=rules, sizing=Sizing("notional", Decimal(1000)))
    assert done.fills() == [(86.956521, 12.0), (-86.956521, 13.0)]
    assert done.results["s"].equity[-1] == pytest.approx(10_086.956521)


WILD = [(price, price) for price in (100.0, 110.0, 99.0, 108.9, 108.9)]
MOVES = Sizing("volatility", Decimal("0.5"), lookback=3)


def test_volatility_of_the_last_returns_sizes_an_entry() -> None:
    """Returns 0.1, −0.1, 0.1: a deviation of 0.11547, 1.83303 a year. 10 000 × 0.5 ÷ 1.83303 ÷ 108.9 are 25.05."""
    part = Part(Flags(long=[2, 3]), sizing=MOVES)
    done = run_harness(market_of(series("A", WILD)), {"s": part}, capital=10_000)
    assert done.fills() == [(25.0, 108.9)]
    assert done.reasons("s")[0] == ("rejected", "below_one_lot", 0.0)  # there are two returns only


def test_a_symbol_that_does_not_move_has_no_size() -> None:
    part = Part(Flags(long=[3]), sizing=MOVES)
    done = run_harness(market_of(series("A", [(10.0, 10.0)] * 6)), {"s": part}, capital=10_000)
    assert done.reasons("s") == [("rejected", "below_one_lot", 0.0)]
