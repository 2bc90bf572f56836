"""What every engine behind `OrchestrationPort` owes. An engine's test is a subclass with `engine`, nothing else."""

from __future__ import annotations

from typing import Literal

import pytest
from hypothesis import given, settings

from orchestrate.domain.errors import EngineError
from orchestrate.domain.execution import Commission, ExecutionRules, Slippage
from orchestrate.domain.market import Instrument
from orchestrate.domain.orders import StrategyCommand
from orchestrate.orchestration.ports import Account, OrchestrationPort
from tests.engines.arithmetic import Run, runs, worked_out
from tests.engines.stage import DAY, Played, accounts, cancel, market, order, play, series, steps, submit

Feed = Literal["on_demand", "full"]
FEEDS: tuple[Feed, ...] = ("on_demand", "full")
PLAIN = ExecutionRules()
AT_CLOSE = ExecutionRules(fill="close")
EXACT = 1e-6
FIVE = [(10.0, 10.5), (11.0, 11.5), (12.0, 12.5), (13.0, 13.5), (14.0, 14.5)]


def near(expected: float | list[float] | dict[str, float]) -> object:
    return pytest.approx(expected, rel=1e-12, abs=EXACT)


class EngineConformance:
    """Override `engine`."""

    def engine(self, feed: Feed = "on_demand") -> OrchestrationPort:
        raise NotImplementedError

    # --- when and at which price

    def test_fills_at_the_open_of_the_bar(self) -> None:
        played = play(self.engine(), market(series("A", FIVE)), PLAIN, {1: [order("b", 5)], 3: [order("s", -5)]})
        assert played.prices == [11.0, 13.0]
        assert [fill.t for fill in played.fills] == [int(t) for t in market(series("A", FIVE)).timeline.stamps[[1, 3]]]
        assert played.realised == near(10.0)

    def test_fills_at_the_close_of_the_bar(self) -> None:
        played = play(self.engine(), market(series("A", FIVE)), AT_CLOSE, {1: [order("b", 5)], 3: [order("s", -5)]})
        assert played.prices == [11.5, 13.5]
        assert played.realised == near(10.0)

    def test_open_and_close_of_one_bar(self) -> None:
        stage = market(series("A", FIVE))
        engine = self.engine()
        engine.begin(stage, accounts(stage), PLAIN)
        event = list(stage.timeline.events())[2]
        engine.execute_commands(submit(order("b", 5)))
        opened = engine.advance(event.t, event.rows).fills
        engine.execute_commands(submit(order("s", -5)))
        closed = engine.close(event.t)
        assert [opened[0].price, closed[0].price] == [12.0, 12.5]
        assert engine.get_portfolio_state().realised == near(2.5)
        engine.end()

    def test_a_fill_tells_whose_it_is_and_how_much(self) -> None:
        script = {0: [order("x1", 7, "A", "left"), order("x2", -3, "B", "right")]}
        played = play(self.engine(), market(series("A", FIVE), series("B", FIVE)), PLAIN, script)
        told = [(fill.order_id, fill.strategy_id, fill.symbol, fill.quantity) for fill in played.fills]
        assert told == [("x1", "left", "A", 7.0), ("x2", "right", "B", -3.0)]

    def test_the_first_and_the_last_bar_trade(self) -> None:
        played = play(self.engine(), market(series("A", FIVE)), PLAIN, {0: [order("b", 1)], 4: [order("s", -1)]})
        assert played.prices == [10.0, 14.0]

    # --- fees and slippage

    @pytest.mark.parametrize(
        ("commission", "fees"),
        [
            (Commission(percent=0.1), [1.1, 1.3]),
            (Commission(per_share=0.005), [0.5, 0.5]),
            (Commission(per_share=0.005, minimum=1.0), [1.0, 1.0]),
            (Commission(percent=0.1, minimum=1.2), [1.2, 1.3]),
            (Commission(minimum=2.0), [2.0, 2.0]),
            (Commission(percent=0.00123457), [0.0135802700, 0.0160494100]),
        ],
    )
    def test_fees(self, commission: Commission, fees: list[float]) -> None:
        script = {1: [order("b", 100)], 3: [order("s", -100)]}
        rules = ExecutionRules(commission=commission)
        played = play(self.engine(), market(series("A", FIVE)), rules, script)
        assert played.fees == near(fees)
        assert played.states[0].realised == near(-fees[0])
        assert played.realised == near(200.0 - sum(fees))

    def test_a_symbol_with_fees_of_its_own(self) -> None:
        rules = ExecutionRules(commission=Commission(minimum=2.0), commissions={"B": Commission(minimum=7.0)})
        script = {1: [order("a", 1, "A"), order("b", 1, "B")]}
        played = play(self.engine(), market(series("A", FIVE), series("B", FIVE)), rules, script)
        assert played.fees == near([2.0, 7.0])

    @pytest.mark.parametrize(
        ("slippage", "instrument", "prices"),
        [
            (Slippage(ticks=1), Instrument("A"), [11.01, 12.99]),
            (Slippage(ticks=2), Instrument("A", tick_size=0.25), [11.5, 12.5]),
            (Slippage(percent=0.1), Instrument("A"), [11.02, 12.98]),  # 11.011 and 12.987, against the trader
            (Slippage(percent=0.1), Instrument("A", precision=4), [11.011, 12.987]),
            (Slippage(percent=50), Instrument("A"), [16.5, 6.5]),
            (Slippage(ticks=1), Instrument("A", precision=0), [12.0, 12.0]),
        ],
    )
    @pytest.mark.parametrize("fill", ["next_open", "close"])
    def test_slippage(
        self, slippage: Slippage, instrument: Instrument, prices: list[float], fill: Literal["next_open", "close"]
    ) -> None:
        bars = [(10.0, 10.0), (11.0, 11.0), (12.0, 12.0), (13.0, 13.0)]
        rules = ExecutionRules(fill=fill, slippage=slippage)
        script = {1: [order("b", 100)], 3: [order("s", -100)]}
        played = play(self.engine(), market(series("A", bars), A=instrument), rules, script)
        assert played.prices == near(prices)
        assert played.realised == near((prices[1] - prices[0]) * 100)

    def test_fee_is_of_the_slipped_price(self) -> None:
        rules = ExecutionRules(commission=Commission(percent=1.0), slippage=Slippage(ticks=100))
        played = play(self.engine(), market(series("A", FIVE)), rules, {1: [order("b", 10)]})
        assert (played.prices, played.fees) == (near([12.0]), near([1.2]))

    # --- positions

    def test_short(self) -> None:
        played = play(self.engine(), market(series("A", FIVE)), PLAIN, {0: [order("s", -5)], 2: [order("b", 5)]})
        assert played.states[0].quantities == {"A": -5.0}
        assert played.realised == near(-10.0)
        assert played.held == {}

    def test_adds_and_partial_closes_go_by_average_cost(self) -> None:
        script = {
            0: [order("1", 4)],  # 4 at 10
            1: [order("2", 4)],  # 4 at 11: average 10.5
            2: [order("3", -2)],  # +3
            3: [order("4", 6)],  # 6 at 13: average (6 × 10.5 + 6 × 13) ÷ 12 = 11.75
            4: [order("5", -12)],  # +27
        }
        played = play(self.engine(), market(series("A", FIVE)), PLAIN, script)
        assert [state.realised for state in played.states] == near([0.0, 0.0, 3.0, 3.0, 30.0])
        assert [state.quantities.get("A", 0.0) for state in played.states] == [4, 8, 6, 12, 0]

    def test_many_adds(self) -> None:
        bars = [(10.0 + step % 7, 10.0) for step in range(60)]
        script = {step: [order(str(step), 1)] for step in range(59)} | {59: [order("all", -59)]}
        played = play(self.engine(), market(series("A", bars)), PLAIN, script)
        paid = sum(10.0 + step % 7 for step in range(59))
        assert played.realised == near(59 * bars[59][0] - paid)

    def test_a_flip_is_two_orders_of_one_open(self) -> None:
        rules = ExecutionRules(commission=Commission(minimum=1.0))
        script = {0: [order("in", 5)], 2: [order("out", -5), order("turn", -5)], 4: [order("back", 5)]}
        played = play(self.engine(), market(series("A", FIVE)), rules, script)
        assert [state.quantities.get("A", 0.0) for state in played.states] == [5, -5, 0]
        assert played.fees == near([1.0, 1.0, 1.0, 1.0])
        assert played.realised == near(10.0 - 10.0 - 4.0)

    def test_an_order_through_zero_is_refused_by_name(self) -> None:
        script = {0: [order("in", 5)], 1: [order("the-flip", -8)]}
        with pytest.raises(EngineError, match=r"the-flip.*cross zero"):
            play(self.engine(), market(series("A", FIVE)), PLAIN, script)

    def test_strategies_have_positions_of_their_own_in_one_symbol(self) -> None:
        script = {
            0: [order("a1", 10, strategy_id="a"), order("b1", -4, strategy_id="b"), order("c1", 1, strategy_id="c")],
            2: [order("b2", 4, strategy_id="b"), order("c2", 1, strategy_id="c")],
            4: [order("c3", -2, strategy_id="c"), order("a2", -10, strategy_id="a")],
        }
        played = play(self.engine(), market(series("A", FIVE)), PLAIN, script)
        # b: −4 × (12 − 10); then c: 2 × (14 − 11), a: 10 × (14 − 10)
        assert [state.quantities.get("A", 0.0) for state in played.states] == [7, 12, 0]
        assert [state.realised for state in played.states] == near([0.0, -8.0, 38.0])

    def test_round_trip_after_round_trip(self) -> None:
        script = {step: [order(str(step), 3 if step % 2 == 0 else -3)] for step in range(4)}
        played = play(self.engine(), market(series("A", FIVE)), PLAIN, script)
        assert played.realised == near(6.0)
        assert played.held == {}

    def test_never_refuses_for_want_of_money(self) -> None:
        bars = [(1000.0, 1000.0), (900.0, 900.0), (10.0, 10.0)]
        script = {0: [order("b", 1_000_000)], 1: [order("more", 1_000_000)], 2: [order("s", -2_000_000)]}
        played = play(self.engine(), market(series("A", bars)), PLAIN, script)
        assert played.realised == near(-1_880_000_000.0)

    # --- sizes, prices, multipliers

    def test_fractional_lots(self) -> None:
        rules = ExecutionRules(lots="fractional", commission=Commission(minimum=1.0))
        script = {
            0: [order("1", 0.1)],
            1: [order("2", 0.2)],
            2: [order("3", -0.3), order("4", -0.000001)],
            3: [order("5", 0.000001), order("6", 1234.567891)],
        }
        played = play(self.engine(), market(series("A", FIVE)), rules, script)
        assert [fill.quantity for fill in played.fills] == [0.1, 0.2, -0.3, -0.000001, 0.000001, 1234.567891]
        assert [state.quantities.get("A", 0.0) for state in played.states] == [0.1, 0.3, -0.000001, 1234.567891]
        assert played.fees == near([1.0] * 6)
        assert played.realised == near(0.1 * 2 + 0.2 * 1 - 0.000001 - 6.0)

    @pytest.mark.parametrize("lots", ["integer", "fractional"])
    @pytest.mark.parametrize(
        ("asset_class", "multiplier"),
        [("future", 1000.0), ("future", 12.5), ("cfd", 0.1), ("fx", 1.0), ("equity", 100.0), ("crypto", 0.001)],
    )
    def test_multiplier(self, lots: Literal["integer", "fractional"], asset_class: str, multiplier: float) -> None:
        instrument = Instrument("A", multiplier=multiplier, asset_class=asset_class, margin_rate=0.1)
        rules = ExecutionRules(lots=lots, commission=Commission(percent=0.1))
        played = play(
            self.engine(),
            market(series("A", FIVE), A=instrument),
            rules,
            {0: [order("b", 3)], 1: [order("p", -1)], 4: [order("s", -2)]},
        )
        fees = [30 * multiplier / 1000, 11 * multiplier / 1000, 28 * multiplier / 1000]
        assert played.fees == near(fees)
        assert played.realised == near((1 + 2 * 4) * multiplier - sum(fees))

    @pytest.mark.parametrize("precision", range(9))
    def test_price_decimals(self, precision: int) -> None:
        first, second = round(123.456789012, precision), round(234.567890123, precision)
        bars = [(first, first), (second, second)]
        stage = market(series("A", bars), A=Instrument("A", precision=precision))
        played = play(self.engine(), stage, PLAIN, {0: [order("b", 1000)], 1: [order("s", -1000)]})
        assert played.prices == [first, second]
        assert played.realised == near((second - first) * 1000)

    @pytest.mark.parametrize(
        ("low", "high", "precision", "quantity"),
        [(0.00000001, 0.00000003, 8, 5_000_000), (4_000_000.0, 4_000_001.5, 2, 900), (250_000.25, 1.0, 2, 9_000)],
    )
    def test_tiny_and_huge(self, low: float, high: float, precision: int, quantity: float) -> None:
        stage = market(series("A", [(low, low), (high, high)]), A=Instrument("A", precision=precision))
        played = play(self.engine(), stage, PLAIN, {0: [order("b", quantity)], 1: [order("s", -quantity)]})
        assert played.prices == [low, high]
        assert played.realised == near((high - low) * quantity)

    @pytest.mark.parametrize("currency", ["USD", "EUR", "JPY", "BTC", "GBX"])
    def test_money_is_not_rounded_to_the_cents_of_its_currency(self, currency: str) -> None:
        rules = ExecutionRules(commission=Commission(percent=0.0123))
        stage = market(series("A", FIVE), A=Instrument("A", currency=currency))
        played = play(self.engine(), stage, rules, {0: [order("b", 7)], 4: [order("s", -7)]})
        assert played.fees == near([0.00861, 0.012054])
        assert played.realised == near(28 - 0.00861 - 0.012054)

    def test_negative_and_zero_prices(self) -> None:
        bars = [(5.0, 5.0), (-37.63, -37.63), (0.0, 0.0)]
        stage = market(series("A", bars), A=Instrument("A", multiplier=1000.0, asset_class="future"))
        script = {0: [order("1", 1)], 1: [order("2", -1), order("3", -2)], 2: [order("4", 2)]}
        played = play(self.engine(), stage, PLAIN, script)
        assert played.prices == [5.0, -37.63, -37.63, 0.0]
        assert played.realised == near(-42_630.0 - 75_260.0)

    def test_bars_before_1970(self) -> None:
        stage = market(series("A", FIVE, start=-20 * 365 * DAY))
        played = play(self.engine(), stage, PLAIN, {0: [order("b", 1)], 4: [order("s", -1)]})
        assert [fill.t for fill in played.fills] == [int(stage.timeline.stamps[0]), int(stage.timeline.stamps[4])]
        assert played.realised == near(4.0)

    @pytest.mark.parametrize("symbol", ["0123", "NO", "BRK.B", "EUR/USD", "ES=F", "^GSPC", "12:30", "a b", "x-y_z"])
    def test_symbols_as_users_write_them(self, symbol: str) -> None:
        script = {0: [order("b", 1, symbol)], 4: [order("s", -1, symbol)]}
        played = play(self.engine(), market(series(symbol, FIVE)), PLAIN, script)
        assert (played.prices, played.fills[0].symbol) == ([10.0, 14.0], symbol)

    # --- calendars, order of fills, cancels

    def test_symbols_with_calendars_of_their_own(self) -> None:
        early = series("E", FIVE, days=[0, 1, 2, 3, 4])
        late = series("L", [(20.0, 21.0), (22.0, 23.0), (24.0, 25.0)], days=[3, 5, 6])
        script = {1: [order("1", 1, "E")], 3: [order("2", 1, "E"), order("3", 1, "L")], 5: [order("4", -1, "L")]}
        played = play(self.engine(), market(early, late), PLAIN, script, every_bar=True)
        assert played.prices == [11.0, 13.0, 20.0, 22.0]
        assert played.held == {"E": 2.0}

    @pytest.mark.parametrize("feed", FEEDS)
    def test_bars_of_symbols_that_nobody_here_trades_are_passed_over(self, feed: Feed) -> None:
        stage = market(series("A", FIVE, days=[0, 2, 4, 6, 8]), series("OTHER", FIVE, days=[0, 1, 2, 3, 4]))
        engine = self.engine(feed)
        engine.begin(stage, [Account("one", 1000.0, ("A",))], PLAIN)
        played = Played()
        script = {0: [order("b", 1)], 4: [order("s", -1)]}
        assert list(steps(engine, stage, PLAIN, script, played, every_bar=True)) == list(range(7))
        engine.end()
        assert played.prices == [10.0, 12.0]

    def test_an_order_waits_for_its_symbols_next_bar(self) -> None:
        stage = market(series("A", FIVE), series("B", [(20.0, 21.0), (22.0, 23.0)], days=[0, 3]))
        script = {1: [order("b", 2, "B"), order("a", 1, "A")]}
        played = play(self.engine(), stage, PLAIN, script, every_bar=True)
        days = [(fill.t - int(stage.timeline.stamps[0])) // DAY for fill in played.fills]
        assert [(fill.symbol, fill.price) for fill in played.fills] == [("A", 11.0), ("B", 22.0)]
        assert days == [1, 3]

    def test_fills_come_in_the_order_of_the_commands(self) -> None:
        names = ["c", "a", "b", "a", "c"]
        orders = [order(f"o{place}", 1, "AB"[place % 2], name) for place, name in enumerate(names)]
        played = play(self.engine(), market(series("A", FIVE), series("B", FIVE)), PLAIN, {2: orders})
        assert [fill.order_id for fill in played.fills] == ["o0", "o1", "o2", "o3", "o4"]

    @pytest.mark.parametrize("rules", [PLAIN, AT_CLOSE])
    def test_cancel(self, rules: ExecutionRules) -> None:
        stage = market(series("A", FIVE))
        engine = self.engine()
        engine.begin(stage, accounts(stage), rules)
        first, second = list(stage.timeline.events())[:2]
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

    # --- the engine's life

    def test_nothing_to_do(self) -> None:
        played = play(self.engine(), market(series("A", FIVE)), PLAIN, {}, every_bar=True)
        assert (played.fills, played.held, played.realised) == ([], {}, 0.0)

    def test_messages_count_orders_and_fills(self) -> None:
        script = {0: [order("1", 1), order("2", 1)], 1: [order("3", -2)]}
        played = play(self.engine(), market(series("A", FIVE)), PLAIN, script)
        assert [state.messages for state in played.states] == [4, 6]

    def test_runs_one_after_another_are_equal(self) -> None:
        script = {0: [order("1", 5)], 2: [order("2", -2)], 3: [order("3", -3)]}
        first, second = (play(self.engine(), market(series("A", FIVE)), PLAIN, script) for _ in range(2))
        assert first == second

    def test_interleaved_runs_are_equal_to_runs_alone(self) -> None:
        rules = ExecutionRules(commission=Commission(percent=0.1), slippage=Slippage(ticks=1))
        bars = [(10.0 + step, 10.25 + step) for step in range(12)]
        stages = [market(series("A", bars)), market(series("A", bars[::-1]))]
        scripts = [
            {step: [order(str(step), 5 if step % 4 < 2 else -5)] for step in range(start, 12, 1 + start)}
            for start in (0, 1)
        ]
        alone = [play(self.engine(), *each) for each in zip(stages, [rules] * 2, scripts, strict=True)]
        engines, together = [self.engine(), self.engine()], [Played(), Played()]
        for engine, stage in zip(engines, stages, strict=True):
            engine.begin(stage, accounts(stage), rules)
        left, right = (
            steps(engine, stage, rules, script, played, every_bar=False)
            for engine, stage, script, played in zip(engines, stages, scripts, together, strict=True)
        )
        alive = [left, right]
        while alive:
            alive = [run for run in alive if next(run, None) is not None]
        for engine in engines:
            engine.end()
        assert together == alone

    def test_end_is_legal_twice_and_at_any_time(self) -> None:
        engine = self.engine()
        engine.end()
        stage = market(series("A", FIVE))
        engine = self.engine()
        engine.begin(stage, accounts(stage), PLAIN)
        engine.execute_commands(submit(order("b", 1)))
        engine.end()
        engine.end()

    @pytest.mark.parametrize("raised", [KeyboardInterrupt(), EngineError("a rule that breaks")])
    def test_what_is_raised_inside_gets_out_as_itself_and_the_engine_ends(self, raised: BaseException) -> None:
        class Breaking(ExecutionRules):
            def fee(self, quantity: float, price: float, instrument: Instrument) -> float:
                raise raised

        stage = market(series("A", FIVE))
        engine = self.engine()
        engine.begin(stage, accounts(stage), Breaking())
        event = next(iter(stage.timeline.events()))
        engine.execute_commands(submit(order("b", 1)))
        with pytest.raises(type(raised)) as caught:
            engine.advance(event.t, event.rows)
        assert caught.value is raised
        engine.end()
        script = {0: [order("b", 1)]}
        assert play(self.engine(), stage, PLAIN, script).prices == [10.0]

    def test_an_engine_that_breaks_says_so_by_name(self) -> None:
        class Breaking(ExecutionRules):
            def fill_price(self, raw: float, quantity: float, instrument: Instrument) -> float:
                raise ValueError("no such price")

        stage = market(series("A", FIVE))
        engine = self.engine()
        engine.begin(stage, accounts(stage), Breaking())
        event = next(iter(stage.timeline.events()))
        engine.execute_commands(submit(order("the-order", 1)))
        with pytest.raises(EngineError, match=r"the-order.*no such price"):
            engine.advance(event.t, event.rows)
        engine.end()

    def test_natives_have_not_landed(self) -> None:
        stage = market(series("A", FIVE))
        engine = self.engine()
        with pytest.raises(EngineError, match=r"^one: .*has not landed"):
            engine.begin(stage, [Account("one", 1000.0, ("A",), native=int)], PLAIN)
        engine.end()

    @pytest.mark.parametrize("action", ["resize", "reject"])
    def test_answers_to_natives_have_not_landed(self, action: Literal["resize", "reject"]) -> None:
        stage = market(series("A", FIVE))
        engine = self.engine()
        engine.begin(stage, accounts(stage), PLAIN)
        with pytest.raises(EngineError, match="has not landed"):
            engine.execute_commands([StrategyCommand("one", action, order("b", 1))])
        engine.end()

    def test_an_order_is_handed_over_once(self) -> None:
        stage = market(series("A", FIVE))
        engine = self.engine()
        engine.begin(stage, accounts(stage), PLAIN)
        with pytest.raises(EngineError, match="twice"):
            engine.execute_commands(submit(order("b", 1), order("b", 1)))
        engine.end()

    # --- the whole against plain arithmetic

    def test_any_run_equals_plain_arithmetic(self) -> None:
        @given(run=runs())
        @settings(max_examples=60, deadline=None, derandomize=True, database=None)
        def every(run: Run) -> None:
            self._equals_plain_arithmetic(run)

        every()

    def _equals_plain_arithmetic(self, run: Run) -> None:
        expected = worked_out(run)
        played = play(self.engine(), run.stage, run.rules, run.script)
        assert [fill.order_id for fill in played.fills] == [
            each.id for orders in run.script.values() for each in orders
        ]
        assert played.prices == near(expected.prices)
        assert played.fees == near(expected.fees)
        assert [state.realised for state in played.states] == near(expected.realised)
        assert [{name: q for name, q in state.quantities.items() if q} for state in played.states] == expected.held
        for feed in FEEDS:
            again = play(self.engine(feed), run.stage, run.rules, run.script, every_bar=True)
            assert again.fills == played.fills
            assert [again.states[step] for step in run.script] == played.states
