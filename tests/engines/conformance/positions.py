"""What an engine's own books say after fills, over several strategies, symbols and calendars."""

from __future__ import annotations

import pytest

from orchestrate.domain.errors import EngineError
from orchestrate.domain.orders.execution import Commission, ExecutionRules
from orchestrate.orchestration.orders.ports import StrategySeat
from tests.engines.builders import DAY, ScriptRun, accounts, cancel, market_of, order, run_script, series, steps, submit
from tests.engines.conformance.candidate import AT_CLOSE, FEEDS, FIVE, PLAIN, Candidate, Feed, near


class Positions(Candidate):
    """Average cost, flips, calendars, order of fills, cancels."""

    def test_short(self) -> None:
        script_run = run_script(
            self.engine(), market_of(series("A", FIVE)), PLAIN, {0: [order("s", -5)], 2: [order("b", 5)]}
        )
        assert script_run.states[0].quantities == {"A": -5.0}
        assert script_run.realised == near(-10.0)
        assert script_run.held == {}

    def test_adds_and_partial_closes_go_by_average_cost(self) -> None:
        script = {
            0: [order("1", 4)],  # 4 at 10
            1: [order("2", 4)],  # 4 at 11: average 10.5
            2: [order("3", -2)],  # +3
            3: [order("4", 6)],  # 6 at 13: average (6 × 10.5 + 6 × 13) ÷ 12 = 11.75
            4: [order("5", -12)],  # +27
        }
        script_run = run_script(self.engine(), market_of(series("A", FIVE)), PLAIN, script)
        assert [state.realised for state in script_run.states] == near([0.0, 0.0, 3.0, 3.0, 30.0])
        assert [state.quantities.get("A", 0.0) for state in script_run.states] == [4, 8, 6, 12, 0]

    def test_many_adds(self) -> None:
        bars = [(10.0 + step % 7, 10.0) for step in range(60)]
        script = {step: [order(str(step), 1)] for step in range(59)} | {59: [order("all", -59)]}
        script_run = run_script(self.engine(), market_of(series("A", bars)), PLAIN, script)
        paid = sum(10.0 + step % 7 for step in range(59))
        assert script_run.realised == near(59 * bars[59][0] - paid)

    def test_a_flip_is_two_orders_of_one_open(self) -> None:
        rules = ExecutionRules(commission=Commission(minimum=1.0))
        script = {0: [order("in", 5)], 2: [order("out", -5), order("turn", -5)], 4: [order("back", 5)]}
        script_run = run_script(self.engine(), market_of(series("A", FIVE)), rules, script)
        assert [state.quantities.get("A", 0.0) for state in script_run.states] == [5, -5, 0]
        assert script_run.fees == near([1.0, 1.0, 1.0, 1.0])
        assert script_run.realised == near(10.0 - 10.0 - 4.0)

    def test_an_order_through_zero_is_refused_by_name(self) -> None:
        script = {0: [order("in", 5)], 1: [order("the-flip", -8)]}
        with pytest.raises(EngineError, match=r"the-flip.*cross zero"):
            run_script(self.engine(), market_of(series("A", FIVE)), PLAIN, script)

    def test_strategies_have_positions_of_their_own_in_one_symbol(self) -> None:
        script = {
            0: [order("a1", 10, strategy_id="a"), order("b1", -4, strategy_id="b"), order("c1", 1, strategy_id="c")],
            2: [order("b2", 4, strategy_id="b"), order("c2", 1, strategy_id="c")],
            4: [order("c3", -2, strategy_id="c"), order("a2", -10, strategy_id="a")],
        }
        script_run = run_script(self.engine(), market_of(series("A", FIVE)), PLAIN, script)
        # b: −4 × (12 − 10); then c: 2 × (14 − 11), a: 10 × (14 − 10)
        assert [state.quantities.get("A", 0.0) for state in script_run.states] == [7, 12, 0]
        assert [state.realised for state in script_run.states] == near([0.0, -8.0, 38.0])

    def test_round_trip_after_round_trip(self) -> None:
        script = {step: [order(str(step), 3 if step % 2 == 0 else -3)] for step in range(4)}
        script_run = run_script(self.engine(), market_of(series("A", FIVE)), PLAIN, script)
        assert script_run.realised == near(6.0)
        assert script_run.held == {}

    def test_never_refuses_for_want_of_money(self) -> None:
        bars = [(1000.0, 1000.0), (900.0, 900.0), (10.0, 10.0)]
        script = {0: [order("b", 1_000_000)], 1: [order("more", 1_000_000)], 2: [order("s", -2_000_000)]}
        script_run = run_script(self.engine(), market_of(series("A", bars)), PLAIN, script)
        assert script_run.realised == near(-1_880_000_000.0)

    def test_symbols_with_calendars_of_their_own(self) -> None:
        early = series("E", FIVE, days=[0, 1, 2, 3, 4])
        late = series("L", [(20.0, 21.0), (22.0, 23.0), (24.0, 25.0)], days=[3, 5, 6])
        script = {1: [order("1", 1, "E")], 3: [order("2", 1, "E"), order("3", 1, "L")], 5: [order("4", -1, "L")]}
        script_run = run_script(self.engine(), market_of(early, late), PLAIN, script, every_bar=True)
        assert script_run.prices == [11.0, 13.0, 20.0, 22.0]
        assert script_run.held == {"E": 2.0}

    @pytest.mark.parametrize("feed", FEEDS)
    def test_bars_of_symbols_that_are_not_traded_are_passed_over(self, feed: Feed) -> None:
        market = market_of(series("A", FIVE, days=[0, 2, 4, 6, 8]), series("OTHER", FIVE, days=[0, 1, 2, 3, 4]))
        engine = self.engine(feed)
        engine.begin(market, [StrategySeat("one", 1000.0, ("A",))], PLAIN)
        script_run = ScriptRun()
        script = {0: [order("b", 1)], 4: [order("s", -1)]}
        assert list(steps(engine, market, PLAIN, script, script_run, every_bar=True)) == list(range(7))
        engine.end()
        assert script_run.prices == [10.0, 12.0]

    def test_an_order_waits_for_its_symbols_next_bar(self) -> None:
        market = market_of(series("A", FIVE), series("B", [(20.0, 21.0), (22.0, 23.0)], days=[0, 3]))
        script = {1: [order("b", 2, "B"), order("a", 1, "A")]}
        script_run = run_script(self.engine(), market, PLAIN, script, every_bar=True)
        days = [(fill.t - int(market.timeline.stamps[0])) // DAY for fill in script_run.fills]
        assert [(fill.symbol, fill.price) for fill in script_run.fills] == [("A", 11.0), ("B", 22.0)]
        assert days == [1, 3]

    def test_fills_come_in_the_order_of_the_commands(self) -> None:
        names = ["c", "a", "b", "a", "c"]
        orders = [order(f"o{place}", 1, "AB"[place % 2], name) for place, name in enumerate(names)]
        script_run = run_script(self.engine(), market_of(series("A", FIVE), series("B", FIVE)), PLAIN, {2: orders})
        assert [fill.order_id for fill in script_run.fills] == ["o0", "o1", "o2", "o3", "o4"]

    def test_any_number_of_orders_in_one_open(self) -> None:
        orders = [order(f"o{place}", 1 + place % 3, strategy_id=f"s{place % 20}") for place in range(300)]
        script_run = run_script(self.engine(), market_of(series("A", FIVE)), PLAIN, {1: orders})
        assert [fill.order_id for fill in script_run.fills] == [each.id for each in orders]
        assert script_run.held == {"A": 600.0}

    @pytest.mark.parametrize("rules", [PLAIN, AT_CLOSE])
    def test_cancel(self, rules: ExecutionRules) -> None:
        market = market_of(series("A", FIVE))
        engine = self.engine()
        engine.begin(market, accounts(market), rules)
        first, second = list(market.timeline.events())[:2]
        kept, dropped = order("kept", 1), order("dropped", 2)
        if rules.fill == "close":
            engine.advance(first.t, first.rows)
        engine.execute_commands([*submit(kept, dropped), *cancel(dropped)])
        fills = engine.close(first.t) if rules.fill == "close" else engine.advance(first.t, first.rows).fills
        assert [fill.order_id for fill in fills] == ["kept"]
        engine.execute_commands(cancel(kept))
        assert engine.advance(second.t, second.rows).fills + engine.close(second.t) == ()
        assert engine.get_portfolio_state().quantities == {"A": 1.0}
        engine.end()
