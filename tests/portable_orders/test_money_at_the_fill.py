"""An opening that rests is cut to what can be paid where it fills: prices, rates and equity move while it waits."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.market.timeline import Market
from orchestrate.domain.orders.execution import ExecutionRules, Slippage
from orchestrate.domain.strategies.protocols import Signal
from orchestrate.wiring import build_adapter
from tests.engines.builders import market_of
from tests.engines.conformance.resting import Bar, bars
from tests.orchestration.harness import PLAIN, HarnessRun, Part, Scripted, run_harness

#: A limit and a stop-limit have no slippage, whatever the rules say.
SLIPS = ExecutionRules(slippage=Slippage(ticks=100))


@pytest.fixture(params=["backtrader", "nautilus"])
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def run(engine: str, plan: dict[int, Sequence[Signal]], market: Market, rules: ExecutionRules = SLIPS) -> HarnessRun:
    part = Part(Scripted(plan), tuple(market.series), framework=engine)
    adapters = {engine: build_adapter(engine, {"feed": "on_demand"})}
    return run_harness(market, {"s": part}, rules, capital=1_000, adapters=adapters)


def sold(engine: str, prices: list[Bar], *signals: Signal) -> HarnessRun:
    return run(engine, {0: signals}, market_of(bars(prices)))


def test_a_limit_that_a_gap_jumps_is_cut_to_what_the_open_costs(engine: str) -> None:
    """100 at 10 would have used all of 1,000; the open at 15 leaves room for 66."""
    prices: list[Bar] = [(9.0, 9.5, 8.8, 9.0), (9.0, 9.5, 8.8, 9.0), (15.0, 15.5, 14.0, 15.0)]
    done = sold(engine, prices, Signal.enter("A", "short", 100, limit=10.0))
    assert done.fills() == [(-66.0, 15.0)]
    assert done.reasons("s")[-1] == ("resized", "open_gap", -66.0)


def test_a_limit_that_no_lot_is_left_of_is_refused(engine: str) -> None:
    prices: list[Bar] = [(9.0, 9.5, 8.8, 9.0), (9.0, 9.5, 8.8, 9.0), (1_500.0, 1_500.0, 14.0, 15.0)]
    done = sold(engine, prices, Signal.enter("A", "short", 100, limit=10.0))
    assert (done.fills(), done.reasons("s")[-1][:2]) == ([], ("rejected", "below_one_lot"))


def test_a_stop_limit_is_cut_to_what_its_stop_costs(engine: str) -> None:
    """Triggered at 9, where its limit of 8 lets it fill: 1,000 pays for 111 there, not for the 125 of the limit."""
    prices: list[Bar] = [(10.0, 10.5, 9.8, 10.0), (10.0, 10.0, 8.9, 9.0), (9.0, 9.0, 9.0, 9.0)]
    done = sold(engine, prices, Signal.enter("A", "short", 125, limit=8.0, stop=9.0))
    assert done.fills() == [(-111.0, 9.0)]
    assert done.reasons("s")[0] == ("resized", "capital", -111.0)


def test_a_stop_limit_that_was_triggered_before_is_cut_like_a_limit(engine: str) -> None:
    """Bar 1 triggers it below its limit of 8.90: it fills there where the bar comes back, else at 15, the next open."""
    prices: list[Bar] = [(10.0, 10.5, 9.8, 10.0), (8.5, 9.0, 8.5, 8.9), (15.0, 15.0, 14.0, 15.0)]
    done = sold(engine, prices, Signal.enter("A", "short", 100, limit=8.9, stop=9.0))
    assert done.fills() == [(-100.0, 8.9)]
    done = sold(
        engine, [prices[0], (8.5, 8.8, 8.5, 8.7), prices[2]], Signal.enter("A", "short", 100, limit=8.9, stop=9.0)
    )
    assert done.fills() == [(-66.0, 15.0)]


def test_a_trailing_stop_is_cut_to_what_its_level_costs(engine: str) -> None:
    """It follows the rise from 10 to 20 and sells at 19, less a slippage of 1: 1,000 pays for 55 at 18."""
    prices: list[Bar] = [(10.0, 10.5, 9.8, 10.0), (10.0, 20.0, 10.0, 20.0), (20.0, 20.0, 18.0, 18.0)]
    done = sold(engine, prices, Signal.enter("A", "short", 100, trail=1.0))
    assert done.fills() == [(-55.0, 18.0)]


def level(*prices: float) -> list[Bar]:
    return [(price, price, price, price) for price in prices]


def test_a_limit_in_another_currency_is_cut_to_what_its_rate_costs(engine: str) -> None:
    """10 at 90 were reserved at 1.1, 990 in all; at 1.3 they cost 1,170, and 8 cost 936."""
    rates = bars(level(1.1, 1.1, 1.3, 1.3), "R")
    market = market_of(bars(level(100.0, 100.0, 100.0, 90.0)), rates, A=Instrument("A", currency="EUR", fx="R"))
    done = run(engine, {0: [Signal.enter("A", quantity=10, limit=90.0)]}, market, PLAIN)
    assert done.fills() == [(8.0, 90.0)]


def test_a_limit_is_cut_to_what_a_loss_elsewhere_has_left(engine: str) -> None:
    """50 at 10 wait beside a short of 50 at 10. At 12 that has lost 100 and holds 600: 300 are left."""
    market = market_of(bars(level(11.0, 11.0, 11.0, 10.0)), bars(level(10.0, 10.0, 12.0, 12.0), "B"))
    plan = {0: [Signal.enter("B", "short", 50), Signal.enter("A", quantity=50, limit=10.0)]}
    done = run(engine, plan, market, PLAIN)
    assert done.fills() == [(-50.0, 10.0), (30.0, 10.0)]
    assert done.reasons("s")[-1] == ("resized", "open_gap", 30.0)


def test_new_prices_are_not_triggered_by_bars_before_them(engine: str) -> None:
    """Bars 0 to 2 lie below the new stop; bar 3 falls from 15 to it, and 950 pay for all 100 there."""
    bars_so_far: list[Bar] = [(9.0, 9.2, 8.8, 9.0)] * 3
    market = market_of(bars([*bars_so_far, (15.0, 15.0, 9.2, 9.3)]))
    plan = {
        0: [Signal.enter("A", "short", 100, limit=7.0, stop=8.0, tag="x")],
        2: [Signal.replace("x", limit=9.0, stop=9.5)],
    }
    assert run(engine, plan, market).fills() == [(-100.0, 9.5)]


def test_a_stop_limit_that_was_triggered_stays_so_when_it_is_replaced(engine: str) -> None:
    """Bar 1 triggers it below its limit; at the open of bar 2, far above its stop, 1,000 pay for 66 at 15.

    A new stop means nothing to it any more.
    """
    prices: list[Bar] = [(10.0, 10.5, 9.8, 10.0), (8.5, 8.8, 8.5, 8.7), (15.0, 15.0, 14.0, 15.0)]
    for new in ({"limit": 8.95}, {"limit": 8.95, "stop": 8.97}, {"quantity": 99}):
        plan = {0: [Signal.enter("A", "short", 100, limit=8.9, stop=9.0, tag="x")], 1: [Signal.replace("x", **new)]}
        done = run(engine, plan, market_of(bars(prices)))
        assert done.fills() == [(-66.0, 15.0)]


def test_of_two_openings_the_first_takes_what_it_costs_at_its_fill(engine: str) -> None:
    """Both are reached at 10, in bars that opened at 12: each pays its 500, none pays for 12."""
    falls = bars([(11.0, 11.0, 11.0, 11.0), (12.0, 12.0, 9.5, 10.0)])
    market = market_of(falls, bars([(11.0, 11.0, 11.0, 11.0), (12.0, 12.0, 9.5, 10.0)], "B"))
    done = run(engine, {0: [Signal.enter(name, quantity=50, limit=10.0) for name in "AB"]}, market)
    assert done.fills() == [(50.0, 10.0), (50.0, 10.0)]


def test_an_exit_of_the_same_bar_pays_for_an_opening(engine: str) -> None:
    """90 at 10 are sold at 5, which leaves 550: the short that the same open reaches is cut from 111 to 110."""
    market = market_of(bars([*level(10.0, 10.0, 10.0), (5.0, 5.0, 5.0, 5.0)]))
    turn = [Signal.exit("A", stop=9.0), Signal.enter("A", "short", 111, stop=9.0)]
    done = run(engine, {0: [Signal.enter("A", quantity=90)], 2: turn}, market, PLAIN)
    assert done.fills() == [(90.0, 10.0), (-90.0, 5.0), (-110.0, 5.0)]
    assert done.reasons("s")[-1] == ("resized", "open_gap", -110.0)


def test_an_add_that_ends_with_its_position_costs_nothing(engine: str) -> None:
    """The open closes A, so its add at 6 is over, and B has all of the 555 that are left at its own fill."""
    falls = bars([*level(10.0, 10.0, 10.0), (5.0, 6.5, 5.0, 5.0)])
    market = market_of(falls, bars([*level(10.0, 10.0, 10.0), (9.0, 9.0, 9.0, 9.0)], "B"))
    plan = {
        0: [Signal.enter("A", quantity=89)],
        2: [Signal.exit("A", stop=9.0), Signal.add("A", 5, stop=6.0), Signal.enter("B", quantity=8, limit=9.5)],
    }
    done = run(engine, plan, market, PLAIN)
    assert done.fills() == [(89.0, 10.0), (-89.0, 5.0), (8.0, 9.0)]


def test_an_exit_of_an_entry_on_its_way_is_no_position(engine: str) -> None:
    """Both wait for A's next bar; all of the 1,000 is held for the short, so nothing is left that could add to it."""
    market = market_of(bars(level(10.0, 10.0, 10.0), "A", [0, 3, 4]), bars(level(7.0, 7.0, 7.0), "B", [1, 2, 3]))
    plan = {
        1: [Signal.enter("A", "short", 100)],
        2: [Signal.target("A", quantity=-60)],
        3: [Signal.add("A", 60, stop=9.0, tag="more")],
    }
    done = run(engine, plan, market, ExecutionRules("close"))
    assert done.reasons("s")[2] == ("rejected", "capital", 0.0)


@pytest.mark.parametrize("second", ["backtrader", "nautilus"])
def test_on_common_cash_each_takes_its_own_from_what_is_left(engine: str, second: str) -> None:
    """Each may use 500 of 1,000. The short at 15 costs 33 × 15 = 495; 50 at 10 are paid from the other half."""
    market = market_of(
        bars([(9.0, 9.0, 9.0, 9.0), (9.0, 9.0, 9.0, 9.0), (15.0, 15.0, 15.0, 15.0)]),
        bars(level(11.0, 11.0, 10.0), "B"),
    )
    parts = {
        "a": Part(Scripted({0: [Signal.enter("A", "short", 50, limit=10.0)]}), pct=50, framework=engine),
        "b": Part(Scripted({0: [Signal.enter("B", quantity=50, limit=10.0)]}), ("B",), pct=50, framework=second),
    }
    adapters = {name: build_adapter(name, {"feed": "on_demand"}) for name in dict.fromkeys((engine, second))}
    done = run_harness(market, parts, PLAIN, capital=1_000, adapters=adapters, pooled=True)
    assert (done.fills("a"), done.fills("b")) == ([(-33.0, 15.0)], [(50.0, 10.0)])
    assert done.reasons("a")[-1] == ("resized", "open_gap", -33.0)
