"""Symbols that join a market during the run, and orders that fill at the price of a quote."""

from __future__ import annotations

from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.market.timeline import Market
from orchestrate.domain.orders.execution import Commission, ExecutionRules, Slippage
from orchestrate.domain.orders.order import Order
from tests.engines.builders import accounts, market_of, order, series, submit
from tests.engines.conformance.candidate import FEEDS, FIVE, PLAIN, Candidate, Feed, near

OPTION = Instrument("X C 12", multiplier=100.0)


def priced(name: str, quantity: float, price: float, symbol: str = OPTION.symbol) -> Order:
    made = order(name, quantity, symbol)
    made.price = price
    return made


class Joining(Candidate):
    """What options need of an engine."""

    def test_a_symbol_that_joins_is_traded_at_quotes(self) -> None:
        for feed in FEEDS:
            market = market_of(series("A", FIVE)).with_room()
            engine, fills = self.engine(feed), []
            engine.begin(market, accounts(market), ExecutionRules(slippage=Slippage(ticks=5)))
            for event in market.timeline.events():
                if event.step == 1:
                    market.join(series(OPTION.symbol, [(1.5, 1.5), (1.7, 1.7)], days=[1, 3]), OPTION)
                    engine.open_symbol(OPTION.symbol)
                fills += engine.advance(event.t, event.rows).fills
                if event.step in (1, 3):
                    engine.execute_commands(submit(priced(f"o{event.step}", 2 - event.step, 1.4 + event.step / 10)))
                    fills += engine.close(event.t)
            assert [(fill.symbol, fill.quantity, fill.price) for fill in fills] == [
                (OPTION.symbol, 1.0, 1.5),
                (OPTION.symbol, -1.0, 1.7),
            ]
            assert engine.get_portfolio_state().realised == near(20.0)
            engine.end()

    def test_shares_fill_at_a_strike(self) -> None:
        market = market_of(series("A", FIVE))
        engine = self.engine()
        engine.begin(market, accounts(market), ExecutionRules(commission=Commission(percent=1.0)))
        event = market.timeline.event(2)
        engine.advance(event.t, event.rows)
        given = priced("g", -100, 11.0, "A")
        given.fee = 0.25
        engine.execute_commands(submit(priced("s", -100, 11.0, "A"), given))
        fills = engine.close(event.t)
        assert [(fill.price, fill.fee) for fill in fills] == [(11.0, near(11.0)), (11.0, 0.25)]
        assert engine.get_portfolio_state().realised == near(-11.25)
        engine.end()

    def test_one_market_has_room_and_its_origin_keeps_what_it_had(self) -> None:
        origin = market_of(series("A", FIVE))
        grown: Market = origin.with_room()
        grown.join(series("B", FIVE[:2], days=[1, 2]), Instrument("B"))
        assert (list(origin.series), list(grown.series)) == (["A"], ["A", "B"])
        assert [list(grown.timeline.event(step).rows) for step in range(4)] == [["A"], ["A", "B"], ["A", "B"], ["A"]]
        assert (origin.timeline.ends.last, grown.timeline.ends.steps["B"]) == (4, 2)
        for feed in FEEDS:
            self._joins_beside(feed)

    def _joins_beside(self, feed: Feed) -> None:
        """Orders on symbols that were there before go on as they did."""
        market = market_of(series("A", FIVE)).with_room()
        engine = self.engine(feed)
        engine.begin(market, accounts(market), PLAIN)
        first, second = market.timeline.event(0), market.timeline.event(1)
        engine.execute_commands(submit(order("a", 3)))
        engine.advance(first.t, first.rows)
        market.join(series("B", FIVE[1:], days=range(1, 5)), Instrument("B"))
        engine.open_symbol("B")
        engine.execute_commands(submit(order("b", 2, "B"), order("c", -3)))
        fills = engine.advance(second.t, second.rows).fills
        assert [(fill.symbol, fill.price) for fill in fills] == [("B", 11.0), ("A", 11.0)]
        engine.end()
