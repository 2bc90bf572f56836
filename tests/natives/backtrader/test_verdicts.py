"""What is refused, cut, taken back or ordered on its behalf reaches a Backtrader strategy in Backtrader's own words."""

from __future__ import annotations

import backtrader as bt
import pytest

from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.domain.orders.order import Order, Reason, StrategyCommand
from orchestrate.engines.backtrader.adapter import BacktraderOrchestrationAdapter
from orchestrate.orchestration.orders.ports import EngineReport, StrategySeat
from orchestrate.orchestration.risk.coordinator import StrategyCoordinator
from tests.natives.backtrader.builders import AT_CLOSE, PLAIN, Part, host, market
from tests.natives.backtrader.scripted import Scripted, bars, flat, play, sizes


def test_an_order_beyond_the_capital_is_cut_and_reported():
    hosted, notices = play({2: lambda s: s.buy(size=1500)}, market(flat(5)), cash=100_000)
    assert notices == [(2, "Submitted", 1500, "capital"), (2, "Submitted", 1000.0, "capital"),
                     (3, "Accepted", 1000.0, "capital"), (3, "Completed", 1000.0, "capital")]  # fmt: skip
    assert sizes(hosted) == [(1000, 100.0)]


def test_an_order_that_nothing_is_left_of_is_rejected_with_the_reason_at_once():
    def second(strategy):
        strategy.second = strategy.buy(size=1)

    hosted, notices = play({2: lambda s: s.buy(size=1000), 4: second}, market(flat(6)), cash=100_000)
    assert notices[-2:] == [(4, "Submitted", 1, "capital"), (4, "Rejected", 1, "capital")]
    assert hosted.reasons()[-1] == ("rejected", "capital", 0.0)
    assert sizes(hosted) == [(1000, 100.0)]


def test_the_figures_come_with_the_reason():
    details = []
    play({2: lambda s: s.buy(size=2000)}, market(flat(5)), cash=100_000,
         answers={"Completed": lambda s, order: details.append(order.info.detail)})  # fmt: skip
    assert details == ["2000 at 100 cost 200000.00, 100000.00 is available"]


def test_an_answer_to_a_rejection_counts_at_once():
    def smaller(strategy, order):
        strategy.buy(size=10, exectype=bt.Order.Limit, price=1.0)

    plan = {2: lambda s: s.buy(size=1000), 4: lambda s: s.buy(size=1)}
    hosted, _notices = play(plan, market(flat(7)), cash=100_050, answers={"Rejected": smaller})
    assert ("approved", "", 10.0) in hosted.reasons()
    assert hosted.orchestrator.session.log.decisions[-2].decision.demand.step == 3


def test_a_gap_at_the_open_cuts_what_was_approved():
    stage = market(bars((100, 100, 100, 100), (100, 100, 100, 100), (125, 125, 125, 125), (125, 125, 125, 125)))
    hosted, notices = play({2: lambda s: s.buy(size=1000)}, stage, cash=100_000)
    assert sizes(hosted) == [(800, 125.0)]
    assert notices[-1] == (3, "Completed", 800.0, "open_gap")


def test_a_cut_parent_cuts_its_children():
    def bracket(strategy):
        strategy.buy_bracket(size=2000, exectype=bt.Order.Market, stopprice=90.0, limitprice=110.0)

    stage = market(bars(*[(100, 100, 100, 100)] * 4, (100, 120, 100, 120), (120, 120, 120, 120)))
    hosted, notices = play({2: bracket}, stage, cash=100_000)
    assert sizes(hosted) == [(1000, 100.0), (-1000, 110.0)]
    assert (2, "Submitted", -1000.0, "capital") in notices
    assert notices[-2:] == [(5, "Completed", -1000.0, "capital"), (5, "Canceled", -1000.0, "capital")]


def test_a_gap_at_the_open_cuts_the_children_too():
    def bracket(strategy):
        strategy.buy_bracket(size=1000, exectype=bt.Order.Market, stopprice=90.0, limitprice=150.0)

    stage = market(bars(*[(100, 100, 100, 100)] * 2, *[(125, 125, 125, 125)] * 2, (125, 160, 125, 150)))
    hosted, _ = play({2: bracket}, stage, cash=100_000)
    assert sizes(hosted) == [(800, 125.0), (-800, 150.0)]


def test_the_children_of_a_refused_parent_end_with_it():
    def bracket(strategy):
        strategy.buy_bracket(size=10, exectype=bt.Order.Market, stopprice=90.0, limitprice=110.0)

    hosted, notices = play({1: lambda s: s.buy(size=1000), 3: bracket}, market(flat(7)), cash=100_000)
    assert [notice[:3] for notice in notices[3:]] == [
        (3, "Submitted", 10), (3, "Submitted", -10), (3, "Submitted", -10),
        (3, "Rejected", 10), (3, "Canceled", -10), (3, "Canceled", -10),
    ]  # fmt: skip
    assert not hosted.orchestrator.session.blotter.resting()
    assert not hosted.orchestrator.session.blotter.waiting


def test_a_parent_refused_at_the_open_takes_its_children_along():
    def bracket(strategy):
        strategy.buy_bracket(size=1, exectype=bt.Order.Market, stopprice=90.0, limitprice=110.0)

    stage = market(bars(*[(100, 100, 100, 100)] * 2, *[(500, 500, 500, 500)] * 3))
    hosted, notices = play({2: bracket}, stage, cash=150)
    assert [notice[1:] for notice in notices if notice[0] == 2 and notice[1] != "Submitted"] == [
        ("Rejected", 1, "below_one_lot"), ("Canceled", -1, ""), ("Canceled", -1, ""),
    ]  # fmt: skip
    assert not sizes(hosted)
    assert not hosted.orchestrator.session.blotter.resting()


def with_stop(strategy):
    strategy.buy(size=10)
    strategy.sell(size=10, exectype=bt.Order.Stop, price=90.0)


def test_an_exit_that_is_left_over_is_decided_upon_anew():
    """In Backtrader it goes short; so it does here, if there is money for it."""
    stage = market(bars(*[(100, 100, 100, 100)] * 5, (100, 100, 80, 85), (85, 85, 85, 85)))
    hosted, _ = play({1: with_stop, 3: lambda s: s.close()}, stage)
    assert sizes(hosted) == [(10, 100.0), (-10, 100.0), (-10, 90.0)]
    assert hosted.reasons()[2:] == [("approved", "", -10.0), ("rejected", "cancelled", 0.0), ("approved", "", -10.0)]

    def all_in(strategy):
        strategy.close()
        strategy.buy(strategy.data1, size=10)

    stage = market(stage.series["A"], flat(7, 99.9, "B"))
    hosted, notices = play({1: with_stop, 3: all_in}, stage, cash=1000)
    assert [size for size, _ in sizes(hosted)] == [10, -10, 10]
    assert notices[-1] == (4, "Rejected", -10, "capital")


def test_an_exit_that_is_left_over_within_the_bar_opens_nothing():
    stage = market(bars(*[(100, 100, 100, 100)] * 3, (100, 100, 80, 85), (85, 85, 85, 85)))
    hosted, notices = play({1: with_stop, 3: lambda s: s.close()}, stage)
    assert sizes(hosted) == [(10, 100.0), (-10, 100.0)]
    assert notices[-1] == (4, "Rejected", -10, "nothing_to_close")
    assert hosted.reasons()[-1] == ("rejected", "nothing_to_close", 0.0)


def test_an_exit_sells_at_most_what_is_held():
    stage = market(bars(*[(100, 100, 100, 100)] * 5, (100, 100, 80, 85), (85, 85, 85, 85)))
    hosted, notices = play({1: with_stop, 3: lambda s: s.order_target_size(target=4)}, stage)
    assert sizes(hosted) == [(10, 100.0), (-6, 100.0), (-4, 90.0)]
    assert notices[-1] == (6, "Completed", -4, "nothing_to_close")


def test_a_cancel_before_the_release_works():
    def change_of_mind(strategy):
        strategy.cancel(strategy.buy(size=10))
        order = strategy.buy(size=20, exectype=bt.Order.Limit, price=99.0)
        assert strategy.broker.get_orders_open() == [order]
        strategy.cancel(order)

    hosted, notices = play({2: change_of_mind}, market(flat(5)))
    assert [notice[1] for notice in notices] == ["Submitted", "Canceled"] * 2
    assert not sizes(hosted)
    assert not hosted.reasons()


def test_a_cancel_while_the_symbol_has_no_bar():
    one, other = flat(6), bars((50, 50, 50, 50), (50, 50, 50, 50), symbol="B", days=(0, 5))

    def send(strategy):
        strategy.order = strategy.buy(strategy.data1, size=10)

    hosted, notices = play({2: send, 4: lambda s: s.cancel(s.order)}, market(one, other))
    assert [notice[:2] for notice in notices] == [(3, "Submitted"), (3, "Accepted"), (5, "Canceled")]
    assert hosted.reasons() == [("approved", "", 10.0), ("rejected", "cancelled", 0.0)]


def test_orders_of_a_symbol_without_a_bar_wait_for_its_next_one():
    one = flat(6)
    other = bars((50, 60, 40, 50), (55, 70, 41, 55), symbol="B", days=(0, 4))

    def send(strategy):
        strategy.buy(strategy.data1, size=10)
        strategy.buy(strategy.data1, size=20, exectype=bt.Order.Limit, price=45.0)

    hosted, _ = play({2: send}, market(one, other))
    assert [(str(when.date()), quantity, price) for when, _, quantity, price in hosted.trades()] == [
        ("2020-01-05", 10, 55.0), ("2020-01-05", 20, 45.0),
    ]  # fmt: skip


def test_a_policy_that_refuses_reaches_both():
    def neither(demands, _view):
        return [0.0 for _ in demands]

    class Other(Scripted):
        pass

    parts = {
        "one": Part(Scripted, config={"plan": {2: lambda s: s.buy(size=10)}}, pct=50),
        "two": Part(Other, config={"plan": {2: lambda s: s.sell(size=10)}}, pct=50),
    }
    hosted = host(parts, market(flat(5)), coordinator=StrategyCoordinator(neither))
    assert Scripted.notices == [(2, "Submitted", 10, "conflict"), (2, "Rejected", 10, "conflict")]
    assert Other.notices == [(2, "Submitted", -10, "conflict"), (2, "Rejected", -10, "conflict")]
    assert not hosted.orchestrator.fills


def test_what_the_orchestrator_closes_at_the_end_is_the_strategys():
    rules = ExecutionRules(close_at_end=True)
    hosted, _ = play({2: lambda s: s.buy(size=10)}, market(flat(5)), rules)
    assert sizes(hosted) == [(10, 100.0), (-10, 100.0)]


def test_orders_of_the_last_bar_are_cancelled_there():
    hosted, _notices = play({5: lambda s: s.buy(size=10)}, market(flat(5)))
    assert hosted.reasons() == [("approved", "", 10.0), ("rejected", "unfilled_at_end", 0.0)]


def test_at_the_close_an_order_of_the_last_bar_still_fills():
    hosted, _ = play({5: lambda s: s.buy(size=10)}, market(flat(5)), AT_CLOSE)
    assert sizes(hosted) == [(10, 100.0)]


def test_orders_of_stop_are_journalled_and_not_filled():
    class Late(Scripted):
        def stop(self):
            self.buy(size=10)

    for rules, reasons in ((PLAIN, [("approved", "", 10.0), ("rejected", "unfilled_at_end", 0.0)]), (AT_CLOSE, [])):
        hosted = host(Late, market(flat(4)), rules)
        assert hosted.status() == "completed"
        assert hosted.reasons() == reasons
        assert not hosted.orchestrator.fills


def test_orders_of_init_and_start_have_no_price_yet():
    class Early(Scripted):
        def start(self):
            self.order = self.buy(size=10)

    hosted = host(Early, market(flat(4)))
    assert Early.notices[:2] == [(0, "Submitted", 10, "not_tradable"), (0, "Rejected", 10, "not_tradable")]
    assert not hosted.orchestrator.fills


def test_runstop_ends_the_strategy_and_nothing_else():
    class Other(Scripted):
        pass

    def stop(strategy):
        strategy.buy(size=5)
        strategy.buy(size=5, exectype=bt.Order.Limit, price=1.0)
        strategy.env.runstop()

    parts = {
        "one": Part(Scripted, config={"plan": {2: stop, 3: lambda s: s.buy(size=7)}}, pct=50),
        "two": Part(Other, config={"plan": {4: lambda s: s.buy(size=9)}}, pct=50),
    }
    hosted = host(parts, market(flat(7)))
    assert (hosted.status("one"), hosted.status("two")) == ("completed", "completed")
    assert sizes(hosted, "one") == []
    assert sizes(hosted, "two") == [(9, 100.0)]
    assert hosted.reasons("one") == []


@pytest.mark.parametrize("fill", ["next_open", "close"])
def test_an_order_of_the_orchestrators_own_is_notified(fill):
    """Trims and flattening: played to the adapter as the orchestrator would."""
    stage, adapter = market(flat(6)), BacktraderOrchestrationAdapter()
    trades = []

    class Held(Scripted):
        def notify_trade(self, trade):
            trades.append((len(self), trade.isclosed, trade.pnl))

    account = StrategySeat("one", 10_000.0, ("A",), native=Held, config={"plan": {}})
    adapter.begin(stage, [account], ExecutionRules(fill=fill))
    fills = []
    for event in stage.timeline.events():
        assert adapter.wake(event.t) == EngineReport()
        orders = {1: 8.0, 3: -8.0}.get(event.step, 0.0)
        order = Order(f"own-{event.step}", "one", "A", orders, orders < 0, 0.0, Reason.FLATTENED)
        commands = [StrategyCommand("one", "submit", order)] if orders else []
        if fill == "next_open":
            adapter.execute_commands(commands)
        fills += adapter.advance(event.t, event.rows).fills
        if fill == "close":
            adapter.execute_commands(commands)
            fills += adapter.close(event.t)
        adapter.listen()
    assert [(fill.order_id, fill.quantity) for fill in fills] == [("own-1", 8.0), ("own-3", -8.0)]
    assert adapter.get_portfolio_state().realised == 0.0
    adapter.end()
    late = fill == "close"
    assert [(notice[0], notice[1]) for notice in Held.notices] == [
        (bar + late, status) for bar in (2, 4) for status in ("Submitted", "Accepted", "Completed")
    ]
    assert {notice[3] for notice in Held.notices} == {"flattened"}
    assert trades == [(2 + late, False, 0.0), (4 + late, True, 0.0)]


def test_a_bracket_taken_back_while_its_entry_is_on_its_way():
    """At the open at which the entry fills another order is refused, and the strategy cancels the exits."""

    def send(strategy):
        strategy.bracket = strategy.buy_bracket(size=1, exectype=bt.Order.Market, stopprice=90.0, limitprice=110.0)
        strategy.buy(strategy.data1, size=1)

    def take_back(strategy, order):
        strategy.cancel(strategy.bracket[1])

    dear = bars(*[(100, 100, 100, 100)] * 2, *[(5000, 5000, 5000, 5000)] * 4, symbol="B")
    hosted, notices = play({2: send}, market(flat(6), dear), cash=1000, answers={"Rejected": take_back})
    assert sizes(hosted) == [(1, 100.0)]
    assert [notice[1] for notice in notices if notice[2] == -1] == ["Submitted", "Submitted", "Canceled", "Canceled"]
    assert not hosted.orchestrator.session.blotter.resting()
