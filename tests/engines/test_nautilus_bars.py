"""Bars made in bulk are those of the series, whichever row is requested next."""

import numpy as np
import pytest
from nautilus_trader.model.data import Bar, BarType

from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.engines.nautilus.adapter import NautilusOrchestrationAdapter
from orchestrate.engines.nautilus.bars import BarColumn
from orchestrate.engines.nautilus.settings import NautilusSettings
from tests.engines.builders import DAY, accounts, market_of, series
from tests.engines.conformance.candidate import PLAIN

MANY = [(round(100 + (step * 7 % 1009) / 8, 3), round(100 + (step * 11 % 997) / 8, 3)) for step in range(9000)]


@pytest.mark.parametrize("rows", [range(9000), [0, 4095, 4096, 8191, 8192, 8999], [8999, 5000, 4999, 0], [4000, 8500]])
def test_any_row_is_the_bar_of_the_series(rows: list[int]) -> None:
    market = market_of(series("A", MANY, start=0))
    bar_type = BarType.from_str("A.SOMEWHERE-1-DAY-LAST-EXTERNAL")
    column = BarColumn(market.series["A"], market.timeline.stamps_of("A"), bar_type, 3, np.arange(9000.0), 0)
    for row in rows:
        bar, expected = column.bar(row), market.series["A"].bar(row)
        assert isinstance(bar, Bar)
        assert [float(bar.open), float(bar.high), float(bar.low), float(bar.close), float(bar.volume)] == [
            expected.open,
            expected.high,
            expected.low,
            expected.close,
            row,
        ]
        assert bar.ts_event == bar.ts_init == int(market.timeline.stamps[row])


def test_a_symbol_with_gaps_has_its_own_stamps() -> None:
    market = market_of(series("A", MANY[:6]), series("B", MANY[:3], days=[1, 3, 5]))
    assert market.timeline.stamps_of("B").tolist() == market.timeline.stamps[[1, 3, 5]].tolist()


def test_bars_before_1970_are_shown_in_their_order() -> None:
    market = market_of(series("A", MANY[:5], start=-20 * 365 * DAY), A=Instrument("A", precision=3))
    engine = NautilusOrchestrationAdapter(NautilusSettings(feed="full"))
    engine.begin(market, accounts(market), PLAIN)
    assert engine._exchange is not None
    for event in market.timeline.events():
        engine.advance(event.t, event.rows)
        assert float(engine._exchange._engines["A"].best_bid_price()) == MANY[event.step][1]
    engine.end()


def test_stamps_are_shifted_into_the_time_that_nautilus_knows() -> None:
    market = market_of(series("A", MANY[:3], start=-2 * DAY))
    stamps, bar_type = market.timeline.stamps_of("A"), BarType.from_str("A.SOMEWHERE-1-DAY-LAST-EXTERNAL")
    column = BarColumn(market.series["A"], stamps, bar_type, 3, np.arange(3.0), 0, 7 * DAY)
    assert [column.bar(row).ts_event for row in range(3)] == (stamps + 7 * DAY).tolist()
