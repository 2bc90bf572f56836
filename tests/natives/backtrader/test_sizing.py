"""How large a Backtrader strategy's orders are, and what its account says of them."""

from __future__ import annotations

from decimal import Decimal

import backtrader as bt
import pytest

from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.orders.execution import Commission, ExecutionRules
from orchestrate.domain.plan import Sizing
from tests.natives.backtrader.builders import PLAIN, host, market
from tests.natives.backtrader.scripted import Scripted, bars, flat, play, sizes

MOVES = Sizing("volatility", Decimal("0.5"), lookback=3)


def test_fractions_are_cut_to_lots_and_reported():
    hosted, notices = play({2: lambda s: s.buy(size=10.7)}, market(flat(5)))
    assert notices[-1] == (3, "Completed", 10.0, "lots")
    hosted, notices = play({2: lambda s: s.buy(size=10.7)}, market(flat(5)), ExecutionRules(lots="fractional"))
    assert notices[-1] == (3, "Completed", 10.7, "")
    assert sizes(hosted) == [(10.7, 100.0)]


def test_a_part_of_a_fraction_is_sold_to_its_digits():
    """Floats make 2.7982259999999997 of 7.798226 − 5."""
    plan = {2: lambda s: s.buy(size=7.798226), 4: lambda s: s.order_target_size(target=5), 6: lambda s: s.close()}
    hosted, _ = play(plan, market(flat(9)), ExecutionRules(lots="fractional"))
    assert hosted.status() == "completed", hosted.error()
    assert [size for size, _ in sizes(hosted)] == [7.798226, -2.798226, -5.0]


def test_a_limit_between_two_ticks_takes_all_its_money_where_it_stands():
    """At 98.25, to which a portable order's limit would be rounded, it could not be paid."""
    stage = market(bars(*[(100.0, 100.0, 100.0, 100.0)] * 5, (100.0, 100.0, 97.0, 99.0), (99.0, 99.0, 99.0, 99.0)))
    plan = {2: lambda s: s.buy(size=500, price=98.2473, exectype=bt.Order.Limit)}
    hosted, _ = play(plan, stage, ExecutionRules(lots="fractional"), cash=10_000)
    assert sizes(hosted) == [(101.783967, 98.2473)]


@pytest.mark.parametrize(
    ("sizing", "bought"),
    [
        (Sizing("percent", Decimal(40)), 4000),
        (Sizing("fixed", Decimal(70)), 70),
        (Sizing("notional", Decimal(1234)), 12),
    ],
)
def test_sizing_becomes_the_sizer(sizing, bought):
    plan = {2: lambda s: s.buy(), 4: lambda s: s.sell(), 6: lambda s: s.sell(), 8: lambda s: s.buy()}
    hosted, _ = play(plan, market(flat(12)), sizing=sizing)
    assert [size for size, _ in sizes(hosted)] == [bought, -bought, -bought, bought]


def test_percent_is_shared_by_the_symbols_and_costs_leave_no_doubt():
    rules = ExecutionRules(commission=Commission(percent=1.0))
    stage = market(flat(6), flat(6, 50.0, "B"))
    plan = {2: lambda s: (s.buy(), s.buy(s.data1))}
    hosted, _ = play(plan, stage, rules, sizing=Sizing("percent", Decimal(100)), cash=100_000)
    assert sizes(hosted)[0] == (500, 100.0)
    assert hosted.reasons()[1][0] == "resized"


def test_volatility_sizes_as_it_does_for_portable_strategies():
    """As in tests/orchestration/loop/test_golden_runs.py: nothing after two returns, 25 after three."""
    wild = bars(*[(price, price, price, price) for price in (100.0, 110.0, 99.0, 108.9, 108.9)])
    hosted, _ = play(dict.fromkeys((3, 4), lambda s: s.buy()), market(wild), sizing=MOVES, cash=10_000)
    assert sizes(hosted) == [(25, 108.9)]


def test_volatility_has_the_moves_of_a_currency():
    """As in tests/orchestration/instruments/test_currencies.py: the price stands, its rate moves."""
    rates = bars(*[(rate, rate, rate, rate) for rate in (1.0, 1.1, 0.99, 1.089, 1.089)], symbol="R")
    stage = market(flat(5), rates, A=Instrument("A", currency="EUR", fx="R"))
    hosted, _ = play({4: lambda s: s.buy(s.data0)}, stage, sizing=MOVES, cash=10_000)
    assert sizes(hosted) == [(12, 100.0)]  # half of it: there are two symbols


def test_a_sizer_of_its_own_is_kept():
    class Own(Scripted):
        def __init__(self):
            super().__init__()
            self.setsizer(bt.sizers.FixedSize(stake=33))

    hosted = host(Own, market(flat(5)), PLAIN, {"plan": {2: lambda s: s.buy()}}, sizing=Sizing())
    assert sizes(hosted) == [(33, 100.0)]


def test_futures_move_cash_by_profit_and_hold_a_margin():
    seen = []

    def look(strategy):
        seen.append((strategy.broker.getcash(), strategy.broker.getvalue(), strategy.broker.get_value([strategy.data])))

    future = Instrument("A", multiplier=50.0, margin_rate=0.1, asset_class="future")
    stage = market(bars((100, 100, 100, 100), (100, 100, 100, 100), (100, 110, 100, 110), *[(110, 120, 110, 120)] * 2,
                        (90, 90, 90, 90), (90, 90, 90, 90)), A=future)  # fmt: skip
    plan = {2: lambda s: s.buy(size=4), 3: look, 4: look, 5: lambda s: s.close(), 7: look}
    hosted, _ = play(plan, stage, cash=10_000)
    assert sizes(hosted) == [(4, 100.0), (-4, 90.0)]
    # 4 × 50 × 100 × 10 % are held back; the rest is marked to the market
    assert seen == [(10_000 - 2000 + 2000, 12_000.0, 2200.0), (12_000.0, 14_000.0, 2400.0), (8000.0, 8000.0, 0.0)]
    assert hosted.equity() == 8000.0


def test_a_multiplier_counts_in_cash_value_and_size():
    seen = []
    share = Instrument("A", multiplier=10.0, asset_class="equity")

    def look(strategy):
        seen.append((strategy.broker.getcash(), strategy.broker.getvalue()))

    plan = {2: lambda s: s.order_target_percent(target=0.5), 4: look}
    hosted, _ = play(plan, market(flat(6), A=share), cash=100_000)
    assert sizes(hosted) == [(50, 100.0)]
    assert seen == [(50_000.0, 100_000.0)]
