"""What Nautilus's fixed-point numbers can't hold is refused by name, and its statistics don't slow a run."""

import pytest
from nautilus_trader.model.objects import Currency

from orchestrate.domain.errors import DataError, EngineError
from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.orders.execution import Commission, ExecutionRules
from orchestrate.engines.nautilus.adapter import NautilusOrchestrationAdapter
from orchestrate.engines.nautilus.settings import NautilusSettings
from orchestrate.engines.pending_fills import DueFill
from tests.engines.builders import accounts, market_of, order, run_script, series, submit
from tests.engines.conformance.candidate import PLAIN, Feed

ONE_PERMILLE = ExecutionRules(commission=Commission(percent=0.1))
TWO = [(1.0, 1.0), (2.0, 2.0)]


def test_an_instrument_that_cant_be_held_is_refused_before_the_run() -> None:
    market = market_of(series("A", TWO), A=Instrument("A", multiplier=1e-20))
    engine = NautilusOrchestrationAdapter()
    with pytest.raises(EngineError, match=r"^A: nautilus can't hold this instrument"):
        engine.begin(market, accounts(market), PLAIN)
    engine.end()


def test_a_price_that_cant_be_held_names_the_order() -> None:
    with pytest.raises(DataError, match="dear: a figure is beyond what nautilus can count"):
        run_script(
            NautilusOrchestrationAdapter(), market_of(series("A", [(1e15, 1e15)])), PLAIN, {0: [order("dear", 1)]}
        )


def test_a_quantity_that_cant_be_held_names_the_order() -> None:
    with pytest.raises(DataError, match="many: a figure is beyond what nautilus can count"):
        run_script(NautilusOrchestrationAdapter(), market_of(series("A", TWO)), PLAIN, {0: [order("many", 1e15)]})


@pytest.mark.parametrize("units", [8_581_227_147.0, 32_484_305_236.0])
def test_lots_beyond_eight_thousand_million_are_whole(units: float) -> None:
    """As floats, Nautilus reports 8581227146.999999 and 32484305236.000004."""
    script = {0: [order("in", units)], 1: [order("out", -units)]}
    script_run = run_script(NautilusOrchestrationAdapter(), market_of(series("A", TWO)), ONE_PERMILLE, script)
    assert [fill.quantity for fill in script_run.fills] == [units, -units]
    assert script_run.fees == pytest.approx([units / 1000, 2 * units / 1000], rel=1e-14)


def test_the_currencies_of_other_nautilus_code_stay_as_they_are() -> None:
    before = Currency.from_str("USD").precision
    script_run = run_script(
        NautilusOrchestrationAdapter(), market_of(series("A", TWO)), ONE_PERMILLE, {0: [order("b", 1)]}
    )
    assert script_run.fees == [0.001]
    assert Currency.from_str("USD").precision == before == 2


def test_time_never_goes_back() -> None:
    """Nautilus 1.231 passes over a price that is older than the last one, and would fill at that."""
    market = market_of(series("A", TWO))
    engine = NautilusOrchestrationAdapter(NautilusSettings(feed="full"))
    engine.begin(market, accounts(market), PLAIN)
    first, second = market.timeline.events()
    engine.advance(second.t, second.rows)
    with pytest.raises(EngineError, match="time goes back"):
        engine.advance(first.t, first.rows)
    engine.end()


def test_symbols_that_look_like_spreads_are_kept_apart() -> None:
    market = market_of(series("x-y_z", TWO), series("x-y-z", [(5.0, 5.0), (6.0, 6.0)]), series("x_y_z", TWO))
    script = {1: [order("1", 1, "x-y_z"), order("2", 1, "x-y-z"), order("3", 1, "x_y_z")]}
    script_run = run_script(NautilusOrchestrationAdapter(), market, PLAIN, script)
    assert [(fill.symbol, fill.price) for fill in script_run.fills] == [("x-y_z", 2.0), ("x-y-z", 6.0), ("x_y_z", 2.0)]


@pytest.mark.parametrize("feed", ["on_demand", "full"])
def test_closed_trades_leave_no_trace_in_the_engine(feed: Feed) -> None:
    market = market_of(series("A", [(1.0 + step % 3, 7.0) for step in range(40)]))
    engine = NautilusOrchestrationAdapter(NautilusSettings(feed=feed))
    engine.begin(market, accounts(market), ExecutionRules())
    assert engine._exchange is not None
    cache, matching = engine._exchange._cache, engine._exchange._engines["A"]
    for event in market.timeline.events():
        engine.execute_commands(submit(order(str(event.step), 1 if event.step % 2 == 0 else -1)))
        engine.advance(event.t, event.rows)
        assert (cache.client_order_ids(), cache.positions(), matching.get_open_orders()) == (set(), [], [])
        stands_at = 7.0 if feed == "full" else 1.0 + event.step % 3
        assert float(matching.best_bid_price()) == float(matching.best_ask_price()) == stands_at
    assert engine._open == {}
    engine.end()


def test_orders_and_positions_go_through_the_states_of_nautilus() -> None:
    market = market_of(series("A", TWO))
    engine = NautilusOrchestrationAdapter()
    engine.begin(market, accounts(market), ONE_PERMILLE)
    exchange = engine._exchange
    assert exchange is not None
    first, second = (int(t) for t in market.timeline.stamps)
    bought, position = exchange.trade(first, DueFill(order("in", 3), 3, 1.0), None)
    assert [type(event).__name__ for event in exchange._order.events] == [
        "OrderInitialized",
        "OrderSubmitted",
        "OrderFilled",
    ]
    assert (position.is_long, position.ts_opened, bought.ts_event) == (True, first, first)
    _, same = exchange.trade(second, DueFill(order("out", -3), -3, 2.0), position)
    assert same is position
    assert (position.is_closed, position.event_count, position.ts_closed) == (True, 2, second)
    assert position.realized_pnl.as_double() == pytest.approx(3.0 - 0.003 - 0.006)
    engine.end()


class Closed:
    """A matching engine that gets an order and does nothing."""

    def __init__(self, instrument: object) -> None:
        self.instrument = instrument

    def process_quote_tick(self, quote: object) -> None:
        """No trade."""

    def process_order(self, order: object, account: object) -> None:
        """No effect."""


def test_an_order_that_nautilus_does_not_fill_is_named() -> None:
    market = market_of(series("A", TWO))
    engine = NautilusOrchestrationAdapter()
    engine.begin(market, accounts(market), PLAIN)
    assert engine._exchange is not None
    engine._exchange._engines["A"] = Closed(engine._exchange._engines["A"].instrument)
    first = next(iter(market.timeline.events()))
    engine.execute_commands(submit(order("the-order", 1)))
    with pytest.raises(EngineError, match="nautilus did not fill order the-order: SUBMITTED"):
        engine.advance(first.t, first.rows)
    assert engine.get_portfolio_state().quantities == {}
    engine.end()
