"""When an order fills, at which price and fee, and how exact the numbers are."""

from __future__ import annotations

from typing import Literal

import pytest

from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.orders.execution import Commission, ExecutionRules, Slippage
from tests.engines.builders import DAY, accounts, market_of, order, run_script, series, submit
from tests.engines.conformance.candidate import AT_CLOSE, FIVE, PLAIN, Candidate, near


class Prices(Candidate):
    """Fills, fees, slippage, digits."""

    def test_fills_at_the_open_of_the_bar(self) -> None:
        script_run = run_script(
            self.engine(), market_of(series("A", FIVE)), PLAIN, {1: [order("b", 5)], 3: [order("s", -5)]}
        )
        assert script_run.prices == [11.0, 13.0]
        assert [fill.t for fill in script_run.fills] == [
            int(t) for t in market_of(series("A", FIVE)).timeline.stamps[[1, 3]]
        ]
        assert script_run.realised == near(10.0)

    def test_fills_at_the_close_of_the_bar(self) -> None:
        script_run = run_script(
            self.engine(), market_of(series("A", FIVE)), AT_CLOSE, {1: [order("b", 5)], 3: [order("s", -5)]}
        )
        assert script_run.prices == [11.5, 13.5]
        assert script_run.realised == near(10.0)

    def test_open_and_close_of_one_bar(self) -> None:
        market = market_of(series("A", FIVE))
        engine = self.engine()
        engine.begin(market, accounts(market), PLAIN)
        event = list(market.timeline.events())[2]
        engine.execute_commands(submit(order("b", 5)))
        opened = engine.advance(event.t, event.rows).fills
        engine.execute_commands(submit(order("s", -5)))
        closed = engine.close(event.t)
        assert [opened[0].price, closed[0].price] == [12.0, 12.5]
        assert engine.get_portfolio_state().realised == near(2.5)
        engine.end()

    def test_a_fill_names_its_strategy_and_quantity(self) -> None:
        script = {0: [order("x1", 7, "A", "left"), order("x2", -3, "B", "right")]}
        script_run = run_script(self.engine(), market_of(series("A", FIVE), series("B", FIVE)), PLAIN, script)
        reported = [(fill.order_id, fill.strategy_id, fill.symbol, fill.quantity) for fill in script_run.fills]
        assert reported == [("x1", "left", "A", 7.0), ("x2", "right", "B", -3.0)]

    def test_the_first_and_the_last_bar_trade(self) -> None:
        script_run = run_script(
            self.engine(), market_of(series("A", FIVE)), PLAIN, {0: [order("b", 1)], 4: [order("s", -1)]}
        )
        assert script_run.prices == [10.0, 14.0]

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
        script_run = run_script(self.engine(), market_of(series("A", FIVE)), rules, script)
        assert script_run.fees == near(fees)
        assert script_run.states[0].realised == near(-fees[0])
        assert script_run.realised == near(200.0 - sum(fees))

    def test_a_symbol_with_fees_of_its_own(self) -> None:
        rules = ExecutionRules(commission=Commission(minimum=2.0), commissions={"B": Commission(minimum=7.0)})
        script = {1: [order("a", 1, "A"), order("b", 1, "B")]}
        script_run = run_script(self.engine(), market_of(series("A", FIVE), series("B", FIVE)), rules, script)
        assert script_run.fees == near([2.0, 7.0])

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
        script_run = run_script(self.engine(), market_of(series("A", bars), A=instrument), rules, script)
        assert script_run.prices == near(prices)
        assert script_run.realised == near((prices[1] - prices[0]) * 100)

    def test_fee_is_of_the_slipped_price(self) -> None:
        rules = ExecutionRules(commission=Commission(percent=1.0), slippage=Slippage(ticks=100))
        script_run = run_script(self.engine(), market_of(series("A", FIVE)), rules, {1: [order("b", 10)]})
        assert (script_run.prices, script_run.fees) == (near([12.0]), near([1.2]))

    def test_fractional_lots(self) -> None:
        rules = ExecutionRules(lots="fractional", commission=Commission(minimum=1.0))
        script = {
            0: [order("1", 0.1)],
            1: [order("2", 0.2)],
            2: [order("3", -0.3), order("4", -0.000001)],
            3: [order("5", 0.000001), order("6", 521364.638635)],
        }
        script_run = run_script(self.engine(), market_of(series("A", FIVE)), rules, script)
        assert [fill.quantity for fill in script_run.fills] == [0.1, 0.2, -0.3, -0.000001, 0.000001, 521364.638635]
        assert [state.quantities.get("A", 0.0) for state in script_run.states] == [0.1, 0.3, -0.000001, 521364.638635]
        assert script_run.fees == near([1.0] * 6)
        assert script_run.realised == near(0.1 * 2 + 0.2 * 1 - 0.000001 - 6.0)

    @pytest.mark.parametrize("lots", ["integer", "fractional"])
    @pytest.mark.parametrize(
        ("asset_class", "multiplier"),
        [("future", 1000.0), ("future", 12.5), ("cfd", 0.1), ("fx", 1.0), ("equity", 100.0), ("crypto", 0.001)],
    )
    def test_multiplier(self, lots: Literal["integer", "fractional"], asset_class: str, multiplier: float) -> None:
        instrument = Instrument("A", multiplier=multiplier, asset_class=asset_class, margin_rate=0.1)
        rules = ExecutionRules(lots=lots, commission=Commission(percent=0.1))
        script_run = run_script(
            self.engine(),
            market_of(series("A", FIVE), A=instrument),
            rules,
            {0: [order("b", 3)], 1: [order("p", -1)], 4: [order("s", -2)]},
        )
        fees = [30 * multiplier / 1000, 11 * multiplier / 1000, 28 * multiplier / 1000]
        assert script_run.fees == near(fees)
        assert script_run.realised == near((1 + 2 * 4) * multiplier - sum(fees))

    @pytest.mark.parametrize("precision", range(9))
    def test_price_decimals(self, precision: int) -> None:
        first, second = round(123.456789012, precision), round(234.567890123, precision)
        bars = [(first, first), (second, second)]
        market = market_of(series("A", bars), A=Instrument("A", precision=precision))
        script_run = run_script(self.engine(), market, PLAIN, {0: [order("b", 1000)], 1: [order("s", -1000)]})
        assert script_run.prices == [first, second]
        assert script_run.realised == near((second - first) * 1000)

    @pytest.mark.parametrize(
        ("low", "high", "precision", "quantity"),
        [
            (0.00000001, 0.00000003, 8, 5_000_000),
            (4_000_000.0, 4_000_001.5, 2, 900),
            (250_000.25, 1.0, 2, 9_000),
            (8_095_055.5, 7.3, 1, 3),
        ],
    )
    def test_tiny_and_huge(self, low: float, high: float, precision: int, quantity: float) -> None:
        market = market_of(series("A", [(low, low), (high, high)]), A=Instrument("A", precision=precision))
        script_run = run_script(self.engine(), market, PLAIN, {0: [order("b", quantity)], 1: [order("s", -quantity)]})
        assert script_run.prices == [low, high]
        assert script_run.realised == near((high - low) * quantity)

    @pytest.mark.parametrize("currency", ["USD", "EUR", "JPY", "BTC", "GBX"])
    def test_money_is_not_rounded_to_the_cents_of_its_currency(self, currency: str) -> None:
        rules = ExecutionRules(commission=Commission(percent=0.0123))
        market = market_of(series("A", FIVE), A=Instrument("A", currency=currency))
        script_run = run_script(self.engine(), market, rules, {0: [order("b", 7)], 4: [order("s", -7)]})
        assert script_run.fees == near([0.00861, 0.012054])
        assert script_run.realised == near(28 - 0.00861 - 0.012054)

    def test_negative_and_zero_prices(self) -> None:
        bars = [(5.0, 5.0), (-37.63, -37.63), (0.0, 0.0)]
        market = market_of(series("A", bars), A=Instrument("A", multiplier=1000.0, asset_class="future"))
        script = {0: [order("1", 1)], 1: [order("2", -1), order("3", -2)], 2: [order("4", 2)]}
        script_run = run_script(self.engine(), market, PLAIN, script)
        assert script_run.prices == [5.0, -37.63, -37.63, 0.0]
        assert script_run.realised == near(-42_630.0 - 75_260.0)

    def test_bars_before_1970(self) -> None:
        market = market_of(series("A", FIVE, start=-20 * 365 * DAY))
        script_run = run_script(self.engine(), market, PLAIN, {0: [order("b", 1)], 4: [order("s", -1)]})
        assert [fill.t for fill in script_run.fills] == [int(market.timeline.stamps[0]), int(market.timeline.stamps[4])]
        assert script_run.realised == near(4.0)

    @pytest.mark.parametrize("symbol", ["0123", "NO", "BRK.B", "EUR/USD", "ES=F", "^GSPC", "12:30", "a b", "x-y_z"])
    def test_symbols_as_users_write_them(self, symbol: str) -> None:
        script = {0: [order("b", 1, symbol)], 4: [order("s", -1, symbol)]}
        script_run = run_script(self.engine(), market_of(series(symbol, FIVE)), PLAIN, script)
        assert (script_run.prices, script_run.fills[0].symbol) == ([10.0, 14.0], symbol)
