"""What Nautilus's fixed-point numbers can't hold is refused by name, and its statistics don't slow a run."""

import pytest
from nautilus_trader.model.objects import Currency

from orchestrate.domain.errors import EngineError
from orchestrate.domain.execution import Commission, ExecutionRules
from orchestrate.domain.instruments import Instrument
from orchestrate.engines.nautilus.adapter import NautilusOrchestrationAdapter
from orchestrate.engines.nautilus.settings import NautilusSettings
from tests.engines.candidate import PLAIN, Feed
from tests.engines.stage import accounts, market, order, play, series, submit

ONE_PERMILLE = ExecutionRules(commission=Commission(percent=0.1))
TWO = [(1.0, 1.0), (2.0, 2.0)]


def test_an_instrument_that_cant_be_held_is_refused_before_the_run() -> None:
    stage = market(series("A", TWO), A=Instrument("A", multiplier=1e-20))
    engine = NautilusOrchestrationAdapter()
    with pytest.raises(EngineError, match=r"^A: nautilus can't hold this instrument"):
        engine.begin(stage, accounts(stage), PLAIN)
    engine.end()


def test_a_price_that_cant_be_held_names_the_order() -> None:
    with pytest.raises(EngineError, match="dear"):
        play(NautilusOrchestrationAdapter(), market(series("A", [(1e15, 1e15)])), PLAIN, {0: [order("dear", 1)]})


def test_a_quantity_that_cant_be_held_names_the_order() -> None:
    with pytest.raises(EngineError, match="many"):
        play(NautilusOrchestrationAdapter(), market(series("A", TWO)), PLAIN, {0: [order("many", 1e15)]})


def test_the_currencies_of_other_nautilus_code_stay_as_they_are() -> None:
    before = Currency.from_str("USD").precision
    played = play(NautilusOrchestrationAdapter(), market(series("A", TWO)), ONE_PERMILLE, {0: [order("b", 1)]})
    assert played.fees == [0.001]
    assert Currency.from_str("USD").precision == before == 2


def test_time_never_goes_back() -> None:
    """Nautilus would end the whole process, without a word that Python could catch."""
    stage = market(series("A", TWO))
    engine = NautilusOrchestrationAdapter(NautilusSettings(feed="full"))
    engine.begin(stage, accounts(stage), PLAIN)
    first, second = stage.timeline.events()
    engine.advance(second.t, second.rows)
    with pytest.raises(EngineError, match="time goes back"):
        engine.advance(first.t, first.rows)
    engine.end()


def test_symbols_that_look_like_spreads_are_kept_apart() -> None:
    stage = market(series("x-y_z", TWO), series("x-y-z", [(5.0, 5.0), (6.0, 6.0)]), series("x_y_z", TWO))
    script = {1: [order("1", 1, "x-y_z"), order("2", 1, "x-y-z"), order("3", 1, "x_y_z")]}
    played = play(NautilusOrchestrationAdapter(), stage, PLAIN, script)
    assert [(fill.symbol, fill.price) for fill in played.fills] == [("x-y_z", 2.0), ("x-y-z", 6.0), ("x_y_z", 2.0)]


@pytest.mark.parametrize("feed", ["on_demand", "full"])
def test_closed_trades_leave_no_trace_in_the_engine(feed: Feed) -> None:
    stage = market(series("A", [(1.0 + step % 3, 1.0) for step in range(40)]))
    engine = NautilusOrchestrationAdapter(NautilusSettings(feed=feed))
    engine.begin(stage, accounts(stage), ExecutionRules())
    assert engine._stepper is not None
    inside = engine._stepper._engine
    for event in stage.timeline.events():
        each = order(str(event.step), 1 if event.step % 2 == 0 else -1)
        engine.execute_commands(submit(each))
        engine.advance(event.t, event.rows)
    assert (inside.cache.orders_total_count(), inside.cache.positions_total_count()) == (0, 0)
    assert inside.iteration == (40 if feed == "on_demand" else 80)
    engine.end()
