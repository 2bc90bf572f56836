"""What an opening may cost: it is cut to what its strategy can pay, at the close and again at the open."""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from orchestrate.domain.events import SignalBlockedEvent, SignalResizedEvent
from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.market.timeline import BarSeries
from orchestrate.domain.orders.execution import Commission, ExecutionRules
from orchestrate.domain.orders.order import Outcome, Reason
from orchestrate.domain.plan import Sizing
from orchestrate.domain.strategies.protocols import Signal
from tests.engines.builders import market_of, series
from tests.orchestration.harness import Flags, Part, Scripted, fixed, run_harness
from tests.orchestration.one_symbol import FLAT, one


def test_a_demand_is_cut_to_what_the_strategy_has() -> None:
    """1 000 at 10 and a fee of 5: 99 shares cost 995, 100 would cost 1 005."""
    rules = ExecutionRules(commission=Commission(minimum=5.0))
    done = run_harness(one(FLAT), {"s": Part(Flags(long=[1]), sizing=fixed(500))}, rules, capital=1_000)
    assert done.fills() == [(99.0, 10.0)]
    [event] = done.of(SignalResizedEvent)
    assert (event.decision.outcome, event.decision.quantity, event.used_capital, event.allocation_limit) == (
        Outcome.RESIZED,
        99.0,
        0.0,
        1000.0,
    )
    assert event.decision.detail == "500 at 10 cost 5005.00, 1000.00 is available"
    assert (done.results["s"].resized, done.results["s"].blocked) == (1, 0)


def test_a_demand_that_cannot_be_paid_at_all_is_refused_and_not_retried() -> None:
    strategy = Scripted({1: [Signal.enter("A", quantity=3)]})
    done = run_harness(one(FLAT), {"s": Part(strategy)}, capital=9)
    assert done.fills() == []
    [event] = done.of(SignalBlockedEvent)
    assert (event.decision.reason, event.decision.demand.quantity) == (Reason.CAPITAL, 3.0)
    assert strategy.callbacks == ["capital", "stop"]
    assert done.results["s"].blocked == 1


def test_less_than_one_lot() -> None:
    done = run_harness(one(FLAT), {"s": Part(Flags(long=[1]), sizing=Sizing("notional", Decimal(9)))})
    assert done.reasons("s") == [("rejected", "below_one_lot", 0.0)]


def test_orders_of_one_bar_share_what_there_is() -> None:
    """1 000 in all: the first symbol takes 600, the second gets 400 of the 600 requested, the third nothing."""
    market = market_of(*(series(symbol, FLAT) for symbol in "ABC"))
    wants = [Signal.enter(symbol, quantity=60) for symbol in "ABC"]
    done = run_harness(market, {"s": Part(Scripted({1: wants}), tuple("ABC"))}, capital=1_000)
    assert done.reasons("s") == [("approved", "", 60.0), ("resized", "capital", 40.0), ("rejected", "capital", 0.0)]
    assert [q for q, _ in done.fills()] == [60.0, 40.0]


def test_what_is_reserved_for_a_waiting_order_is_not_spent_twice() -> None:
    market = market_of(series("A", FLAT), series("B", FLAT[:2], days=[0, 6]))
    plan = {1: [Signal.enter("B", quantity=70)], 3: [Signal.enter("A", quantity=70)]}
    done = run_harness(market, {"s": Part(Scripted(plan), ("A", "B"))}, capital=1_000)
    assert done.reasons("s") == [("approved", "", 70.0), ("resized", "capital", 30.0)]
    assert done.fills() == [(30.0, 10.0), (70.0, 10.0)]


def test_an_order_cut_at_the_open_leaves_the_reserves_of_others_alone() -> None:
    """Both reserve 500. A opens at 20 and may cost 500 only: 25 of its 50. B gets what was promised."""
    market = market_of(series("A", [(10, 10), (10, 10), (20, 20), (20, 20)]), series("B", FLAT[:4]))
    wants = {1: [Signal.enter("A", quantity=50), Signal.enter("B", quantity=50)]}
    done = run_harness(market, {"s": Part(Scripted(wants), ("A", "B"))}, capital=1_000)
    assert done.fills() == [(25.0, 20.0), (50.0, 10.0)]
    assert done.reasons("s")[-1] == ("resized", "open_gap", 25.0)


def test_closings_come_first_and_their_proceeds_count() -> None:
    """All money is in A. Sold and B bought on one bar: B is paid by A, although its order came first."""
    market = market_of(series("A", FLAT), series("B", FLAT))
    plan = {
        0: [Signal.enter("A", quantity=100)],
        3: [Signal.enter("B", quantity=100), Signal.exit("A")],
    }
    done = run_harness(market, {"s": Part(Scripted(plan), ("A", "B"))}, capital=1_000)
    assert [(r.fill.symbol, r.fill.quantity) for r in done.orchestrator.fills] == [("A", 100), ("A", -100), ("B", 100)]
    assert done.results["s"].resized == 0


def test_proceeds_that_shrink_at_the_open_cut_what_they_pay_for() -> None:
    """A closes at 10 and opens at 6: 600 instead of 1 000 for B."""
    a = [(10, 10), (10, 10), (10, 10), (10, 10), (6, 6), (6, 6), (6, 6), (6, 6)]
    market = market_of(series("A", a), series("B", FLAT))
    plan = {0: [Signal.enter("A", quantity=100)], 3: [Signal.exit("A"), Signal.enter("B", quantity=100)]}
    done = run_harness(market, {"s": Part(Scripted(plan), ("A", "B"))}, capital=1_000)
    assert done.fills() == [(100.0, 10.0), (-100.0, 6.0), (60.0, 10.0)]


def test_gains_that_are_not_realised_are_no_allocation() -> None:
    """Bought 50 at 10 of 1 000; at 30 the book is worth 2 000, but it may still spend no more than its 500 in cash."""
    market = market_of(series("A", [(10, 10), (10, 10)] + [(30, 30)] * 4), series("B", FLAT[:6]))
    plan = {0: [Signal.enter("A", quantity=50)], 3: [Signal.enter("B", quantity=100)]}
    done = run_harness(market, {"s": Part(Scripted(plan), ("A", "B"))}, capital=1_000)
    assert done.fills() == [(50.0, 10.0), (50.0, 10.0)]


def test_losses_shrink_what_may_be_spent() -> None:
    """Short 50 at 10 of 1 000, now at 16: equity 700, of which 800 of notional are held: nothing is left."""
    market = market_of(series("A", [(10, 10), (10, 10)] + [(16, 16)] * 4), series("B", FLAT[:6]))
    plan = {0: [Signal.enter("A", "short", 50)], 3: [Signal.enter("B", quantity=10)]}
    done = run_harness(market, {"s": Part(Scripted(plan), ("A", "B"))}, capital=1_000)
    assert done.fills() == [(-50.0, 10.0)]
    assert done.reasons("s")[-1] == ("rejected", "capital", 0.0)


def test_percent_is_shared_by_the_symbols() -> None:
    market = market_of(series("A", FLAT), series("B", FLAT))
    part = Part(Flags(long=[1]), ("A", "B"), sizing=Sizing("percent", Decimal(90)))
    assert run_harness(market, {"s": part}, capital=1_000).fills() == [(45.0, 10.0), (45.0, 10.0)]


def test_a_resampled_series_takes_no_orders() -> None:
    column = np.full(8, 10.0)
    label = np.arange(8, dtype=np.int64) * 86_400_000_000_000
    coarse = BarSeries("W", label, column, column, column, column, column, label, 86_400_000_000_000, tradable=False)
    done = run_harness(market_of(coarse), {"s": Part(Flags(long=[1]), ("W",))})
    assert done.reasons("s") == [("rejected", "not_tradable", 0.0)]
    assert done.results["s"].blocked == 1


def test_a_symbol_without_a_bar_yet_takes_no_orders() -> None:
    market = market_of(series("A", FLAT), series("B", FLAT[:2], days=[5, 6]))
    plan = {1: [Signal.enter("B")], 2: [Signal.enter("B", quantity=4)]}
    done = run_harness(market, {"s": Part(Scripted(plan), ("A", "B"))})
    assert done.reasons("s") == [("rejected", "not_tradable", 0.0)] * 2


def test_nothing_is_opened_where_no_equity_is_left() -> None:
    """A future that lost more than there was."""
    future = Instrument("A", multiplier=100.0, margin_rate=0.1, asset_class="future")
    market = market_of(series("A", [(10, 10), (10, 10), (1, 1), (1, 1), (1, 1)]), A=future)
    done = run_harness(market, {"s": Part(Flags(long=[0, 3], out=[2]), sizing=fixed(5))}, capital=1_000)
    assert [q for q, _ in done.fills()] == [5, -5]
    assert done.results["s"].equity[-1] == 1_000 - 5 * 9 * 100
