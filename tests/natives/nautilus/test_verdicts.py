"""What is refused, cut, taken back or added reaches a Nautilus native in its engine's words, and nothing else does."""

from __future__ import annotations

from typing import Any

import pytest
from nautilus_trader.core.datetime import unix_nanos_to_dt
from nautilus_trader.model.enums import OrderSide, TimeInForce, TriggerType
from nautilus_trader.model.identifiers import ExecAlgorithmId, PositionId
from nautilus_trader.model.objects import Quantity

from orchestrate.domain.orders.execution import Commission, ExecutionRules, Slippage
from orchestrate.domain.orders.order import Reason
from tests.natives.nautilus.builders import AT_CLOSE, DAY, NEXT_OPEN, Part, drawn, market, play
from tests.natives.nautilus.planned import FLAT, notices, run
from tests.natives.nautilus.scripts import Planned


def test_too_much_is_cut_and_the_strategy_is_notified():
    played = run({0: lambda one, _: one.market(1500)})
    assert played.trades() == [(1, "A", 1000.0, 10.0)]
    assert played.reasons() == [("resized", "capital", 1000.0)]
    assert notices() == ["Initialized", ("Updated", 1000.0), "Submitted", ("Filled", 1000.0, 10.0), "stop"]


def test_without_money_an_order_is_denied_with_the_reason():
    played = run({0: lambda one, _: one.market(1000), 2: lambda one, _: one.market(5)})
    assert [kind for kind, *_ in played.reasons()] == ["approved", "rejected"]
    denied = [each for each in notices() if each[0] == "Denied"]
    assert denied == [("Denied", "capital: 5 at 10 cost 50.00, 0.00 is available")]


def test_an_open_that_costs_more_cuts_the_order_at_its_release():
    rows = [*FLAT[:1], (20.0, 21.0, 19.0, 20.0), *FLAT[2:]]
    played = run({0: lambda one, _: one.market(900)}, rows)
    assert played.trades() == [(1, "A", 500.0, 20.0)]
    assert played.reasons() == [("approved", "", 900.0), ("resized", "open_gap", 500.0)]
    assert ("Updated", 500.0) in notices()


def test_an_open_that_nothing_can_be_bought_at_denies_the_order():
    rows = [*FLAT[:1], (20_000.0, 20_001.0, 19_999.0, 20_000.0), *FLAT[2:]]
    played = run({0: lambda one, _: one.market(900)}, rows)
    assert played.trades() == []
    assert notices()[1][0] == "Denied"
    assert notices()[1][1].startswith("below_one_lot: ")


def test_the_exits_of_a_cut_entry_shrink_with_it():
    rows = [*FLAT[:1], (20.0, 20.5, 19.5, 20.0), (20.0, 26.0, 19.5, 25.5), *FLAT[3:]]
    played = run({0: lambda one, _: one.bracket(900, target=25.0, stop=5.0)}, rows)
    assert played.trades() == [(1, "A", 500.0, 20.0), (2, "A", -500.0, 25.0)]
    assert notices().count(("Updated", 500.0)) == 3


def test_the_exits_of_a_refused_entry_are_denied_with_it():
    played = run({0: lambda one, _: one.market(1000), 2: lambda one, _: one.bracket(10, target=11.0, stop=9.0)})
    assert len(played.trades()) == 1
    denials = [each[1] for each in notices() if each[0] == "Denied"]
    assert len(denials) == 3
    assert all("capital: 10 at 10" in each for each in denials)
    assert all("its parent" in each for each in denials[1:])
    assert played.orchestrator.session.blotter.resting() == []


def test_a_bracket_whose_target_is_reached_leaves_nothing_behind():
    rows = [*FLAT[:2], (10.0, 12.0, 9.8, 11.5), *FLAT[3:]]
    played = run({0: lambda one, _: one.bracket(10, target=11.0, stop=9.0)}, rows)
    assert played.trades() == [(1, "A", 10.0, 10.0), (2, "A", -10.0, 11.0)]
    assert notices()[-3:] == [("Filled", 10.0, 11.0), "Canceled", "stop"]
    assert played.orchestrator.session.blotter.resting() == []


def test_an_entry_at_a_limit_brings_its_exits_to_life():
    rows = [*FLAT[:2], (9.0, 9.4, 8.5, 9.0), (9.0, 9.2, 6.5, 7.0), *FLAT[4:]]
    played = run({0: lambda one, _: one.bracket(10, target=12.0, stop=7.0, entry=9.2)}, rows)
    assert played.trades() == [(2, "A", 10.0, 9.0), (3, "A", -10.0, 7.0)]


def test_a_gap_fills_limits_and_stops_at_the_open():
    rows = [*FLAT[:2], (8.0, 8.2, 7.5, 8.0), (12.0, 12.5, 11.5, 12.0), *FLAT[4:]]

    def both(one: Planned, _: object) -> None:
        one.limit(10, 9.0)
        one.stop_order(10, 11.0)

    assert run({0: both}, rows).trades() == [(2, "A", 10.0, 8.0), (3, "A", 10.0, 12.0)]


def test_in_the_range_limits_and_stops_fill_at_their_own_prices():
    def both(one: Planned, _: object) -> None:
        one.limit(10, 9.7)
        one.stop_order(10, 10.3)

    assert run({0: both}).trades() == [(1, "A", 10.0, 10.3), (1, "A", 10.0, 9.7)]


def test_markets_and_stops_slip_and_limits_do_not():
    rules = ExecutionRules(slippage=Slippage(ticks=2), commission=Commission(per_share=0.01, minimum=1.0))

    def all_kinds(one: Planned, _: object) -> None:
        one.market(10)
        one.limit(10, 9.7)
        one.stop_order(10, 10.3)

    played = run({0: all_kinds}, rules=rules)
    assert played.trades() == [(1, "A", 10.0, 10.02), (1, "A", 10.0, 10.32), (1, "A", 10.0, 9.7)]
    assert [record.fill.fee for record in played.orchestrator.fills] == [1.0, 1.0, 1.0]


def test_a_position_that_the_orchestrator_closes_is_told_as_any_other_fill():
    def flatten(orchestrator: Any, done: int) -> None:
        if done == 3:
            session = orchestrator.session
            session.orders.flatten(orchestrator.strategies["native"], Reason.FLATTENED)

    sizes: list[float] = []
    plan = {
        number: lambda one, _: sizes.append(float(one.portfolio.net_position(one.config.instrument_id)))
        for number in range(1, 8)
    }
    played = run({0: lambda one, _: one.market(10), **plan}, each_step=flatten)
    assert played.trades() == [(1, "A", 10.0, 10.0), (3, "A", -10.0, 10.0)]
    assert sizes == [10.0, 10.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    assert notices().count(("Filled", 10.0, 10.0)) == 2


def test_a_paused_native_may_close_and_not_open():
    def pause(orchestrator: Any, done: int) -> None:
        if done == 2:
            orchestrator.strategies["native"].status = "paused"

    plan = {
        0: lambda one, _: one.market(10),
        3: lambda one, _: one.market(5),
        4: lambda one, _: one.close_all_positions(one.config.instrument_id),
    }
    played = run(plan, each_step=pause)
    assert played.trades() == [(1, "A", 10.0, 10.0), (5, "A", -10.0, 10.0)]
    assert ("Denied", "strategy_paused: the strategy is paused, it opens nothing") in notices()


def test_a_flip_is_one_order_that_closes_and_opens():
    played = run({0: lambda one, _: one.market(10), 2: lambda one, _: one.market(-25)})
    assert played.trades() == [(1, "A", 10.0, 10.0), (3, "A", -25.0, 10.0)]
    (position,) = played.orchestrator.results()["native"].open_positions
    assert position.quantity == -15.0


@pytest.mark.parametrize("percent", [0.1, 0.137, 0.05, 0.0333])
def test_the_fee_of_a_flip_need_not_be_whole_cents(percent: float):
    """Nautilus 1.221 shares it out in cents, between the position that ends and the one that begins."""
    script = {day: lambda one, _, units=units: one.market(units) for day, units in enumerate((10, -25, 40, -31, 6))}
    played = run(script, rules=ExecutionRules(commission=Commission(percent=percent)))
    sizes = [10.0, -25.0, 40.0, -31.0, 6.0]
    assert [quantity for _, _, quantity, _ in played.trades()] == sizes
    paid = sum(abs(size) for size in sizes) * 10.0 * percent / 100.0
    assert played.orchestrator.results()["native"].fees == pytest.approx(paid, abs=1e-7)


def forgotten(quantity: int = 10) -> dict[int, Any]:
    """A position with a stop of its own, which is closed without the stop being taken back."""
    return {
        0: lambda one, _: one.market(quantity),
        1: lambda one, _: one.stop_order(-quantity, 9.0),
        3: lambda one, _: one.close_all_positions(one.config.instrument_id),
    }


FALLING = [*FLAT[:6], (10.0, 10.0, 8.0, 8.5), FLAT[7]]


def test_an_exit_that_outlives_its_position_is_decided_upon_anew_as_an_entry():
    played = run(forgotten(), FALLING)
    assert played.trades() == [(1, "A", 10.0, 10.0), (4, "A", -10.0, 10.0), (6, "A", -10.0, 9.0)]
    assert played.reasons() == [
        ("approved", "", 10.0),
        ("approved", "", -10.0),
        ("approved", "", -10.0),
        ("rejected", "cancelled", 0.0),
        ("approved", "", -10.0),
    ]
    assert played.orchestrator.session.blotter.resting() == []


def test_without_money_for_that_it_is_taken_back():
    def pause(orchestrator: Any, done: int) -> None:
        if done == 3:
            orchestrator.strategies["native"].status = "paused"

    played = run(forgotten(), FALLING, each_step=pause)
    assert played.trades() == [(1, "A", 10.0, 10.0), (4, "A", -10.0, 10.0)]
    assert notices().count("Canceled") == 1
    assert played.orchestrator.session.blotter.resting() == []


def test_with_money_for_a_part_of_it_that_part_rests_on():
    rows = [*FLAT[:3], *[(5.0, 5.5, 4.5, 5.0)] * 3, (5.0, 21.0, 5.0, 20.0), FLAT[7]]
    plan = {
        0: lambda one, _: one.market(1000),
        1: lambda one, _: one.limit(-1000, 20.0),
        3: lambda one, _: one.close_all_positions(one.config.instrument_id),
    }
    played = run(plan, rows, capital=10_000)
    assert played.trades() == [(1, "A", 1000.0, 10.0), (4, "A", -1000.0, 5.0), (6, "A", -250.0, 20.0)]
    assert ("resized", "capital", -250.0) in played.reasons()
    assert ("Updated", 250.0) in notices()


def test_taking_back_an_exit_that_was_decided_upon_anew():
    plan = forgotten() | {5: lambda one, _: one.cancel_all_orders(one.config.instrument_id)}
    played = run(plan, FALLING)
    assert len(played.trades()) == 2
    session = played.orchestrator.session
    assert (session.blotter.resting(), session.blotter.reserved("native")) == ([], 0.0)


@pytest.mark.parametrize("how", [TimeInForce.IOC, TimeInForce.FOK])
def test_now_or_never(how):
    played = run(
        {
            0: lambda one, _: one.limit(10, 9.0, time_in_force=how),
            2: lambda one, _: one.limit(10, 10.0, time_in_force=how),
        }
    )
    assert played.trades() == [(3, "A", 10.0, 10.0)]
    assert played.reasons() == [("approved", "", 10.0), ("rejected", "cancelled", 0.0), ("approved", "", 10.0)]


@pytest.mark.parametrize("managed", [False, True], ids=["by_the_exchange", "by_a_timer_of_its_own"])
def test_an_order_that_is_good_till_a_date(managed):
    def order(one: Planned, bar: Any) -> None:
        until = unix_nanos_to_dt(bar.ts_event + 3 * DAY - 1)
        one.limit(10, 9.0, time_in_force=TimeInForce.GTD, expire_time=until)

    rows = [*FLAT[:4], (9.0, 9.0, 8.5, 8.7), *FLAT[5:]]
    Planned.plans["default"] = {0: order}
    config = {"manage_gtd_expiry": managed}
    played = play(market(drawn("A", rows)), {"native": Part(Planned, config)}, capital=10_000)
    assert played.error() == ""
    assert played.trades() == []
    assert played.reasons() == [("approved", "", 10.0), ("rejected", "cancelled" if managed else "expired", 0.0)]
    assert ("Canceled" if managed else "Expired") in notices()


def test_orders_that_never_fill_are_over_at_the_end():
    played = run({0: lambda one, _: one.limit(10, 5.0), 7: lambda one, _: one.market(10)})
    assert played.trades() == []
    assert ("rejected", "unfilled_at_end", 0.0) in played.reasons()


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (NEXT_OPEN, [("approved", "", -10.0), ("rejected", "unfilled_at_end", 0.0)]),
        (AT_CLOSE, []),
        (ExecutionRules(close_at_end=True), [("approved", "close_at_end", -10.0)]),
    ],
    ids=["next_open", "close", "close_at_end"],
)
def test_orders_from_on_stop_are_written_down_and_not_filled(rules, expected):
    class Tidy(Planned):
        def on_stop(self) -> None:
            super().on_stop()
            self.close_all_positions(self.config.instrument_id)

    Planned.plans["default"] = {2: lambda one, _: one.market(10)}
    played = play(market(drawn("A", FLAT)), {"native": Part(Tidy)}, rules)
    assert played.error() == ""
    assert played.reasons() == [("approved", "", 10.0), *expected]
    assert len(played.trades()) == 1 + rules.close_at_end


def test_orders_from_on_start_find_no_price_yet():
    class Eager(Planned):
        def on_start(self) -> None:
            super().on_start()
            self.market(10)

    Planned.plans["default"] = {}
    played = play(market(drawn("A", FLAT)), {"native": Part(Eager)})
    assert played.error() == ""
    assert played.reasons() == [("rejected", "not_tradable", 0.0)]
    assert ("Denied", "not_tradable: A has no price yet") in notices()


@pytest.mark.parametrize(
    ("order", "why"),
    [
        (lambda one, _: one.market(1, exec_algorithm_id=ExecAlgorithmId("TWAP")), "the execution algorithm TWAP"),
        (lambda one, _: one.market(1, quote_quantity=True), "a quantity in the quote currency is not hosted"),
        (lambda one, _: one.limit(1, 9.0, emulation_trigger=TriggerType.LAST_PRICE), "an emulated order is not hosted"),
        (lambda one, _: one.limit(1, 9.0, time_in_force=TimeInForce.AT_THE_OPEN), "for which Nautilus has no auctions"),
        (lambda one, _: _with_position_id(one), "a book has one a symbol"),
        (lambda one, _: one.subscribe_order_book_deltas(one.config.instrument_id), "an order book is not hosted"),
    ],
)
def test_what_cannot_be_hosted_fails_the_strategy_by_name(order, why):
    Planned.plans["default"] = {0: order}
    played = play(market(drawn("A", FLAT)), {"native": Part(Planned)})
    assert played.error().startswith("NotHostedError: ")
    assert why in played.error()
    assert played.trades() == []


def _with_position_id(one: Planned) -> None:
    order = one.order_factory.market(one.config.instrument_id, OrderSide.BUY, Quantity.from_int(1))
    one.submit_order(order, PositionId("MINE"))


def test_an_order_that_no_exchange_would_take_is_denied_at_once():
    def odd(one: Planned, _: object) -> None:
        one.submit_order(one.order_factory.market(one.config.instrument_id, OrderSide.BUY, Quantity.from_str("1.5")))

    played = run({0: odd})
    assert played.reasons() == []
    assert notices()[1] == ("Denied", "quantity 1.5 has not the size precision of A.ORCHESTRATE, 0")
