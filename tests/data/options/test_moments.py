"""Chains beside series of other lengths: no quote is known before the close that it is made of."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from orchestrate.data.loading import load_market
from orchestrate.domain.market.timeline import Market
from orchestrate.wiring import read_plan

DAYS = "A: {synthetic: {bars: 5, seed: 1, frequency: 1d, start: 2012-06-04}}"
MINUTES = "B: {synthetic: {bars: 90, seed: 2, frequency: 1min, start: 2012-06-04}}"


def market_of(folder: Path, *data: str) -> Market:
    (folder / "p.yaml").write_text("strategy: BUY_AND_HOLD\ndata:\n  " + "\n  ".join(data) + "\n")
    plan = read_plan(folder / "p.yaml").plan
    assert plan is not None
    return load_market(plan)[0]


@pytest.mark.parametrize("underlying", ["A", "B"])
def test_a_made_chain_is_known_with_the_bars_it_is_made_of(tmp_path: Path, underlying: str) -> None:
    own = f"O: {{synthetic: {{underlying: {underlying}, strikes: 5, expiries: 1}}}}"
    market = market_of(tmp_path, DAYS, MINUTES, own)
    chain, bars = market.chains["O"], market.series[underlying]
    assert (bars.available_at > bars.timestamp).all()
    np.testing.assert_array_equal(chain.moments, bars.available_at)
    np.testing.assert_array_equal(chain.spots, bars.close)
    np.testing.assert_array_equal(market.series["O"].available_at, bars.available_at)


QUOTES = "timestamp,expiry,strike,right,bid,ask\n"


def test_quotes_of_minutes_do_not_know_the_close_of_their_day(tmp_path: Path) -> None:
    rows = [f"2012-06-0{day} {clock},2012-07-20,100,C,1.0,1.1\n" for day in (4, 5) for clock in ("10:00", "10:01")]
    (tmp_path / "q.csv").write_text(QUOTES + "".join(rows))
    terms = "instruments: {O: {style: european, multiplier: 100, delivery: cash, settlement: pm}}"
    own = "O: {chain: q.csv, format: csv, underlying: A, root: O}"
    market = market_of(tmp_path, DAYS, own + "\n" + terms)
    chain, bars = market.chains["O"], market.series["A"]
    assert (bars.available_at > bars.timestamp).all()
    second_day = chain.spots[chain.moments >= bars.timestamp[1]]
    np.testing.assert_array_equal(second_day, np.full(2, bars.close[0]))
