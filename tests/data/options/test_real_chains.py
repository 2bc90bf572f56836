"""Chains of real exchanges: GOOG's minutes of a day, SPX and SPXW of a week, AAPL around its split of seven to one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from orchestrate.data.options.pricing import pricing_of
from orchestrate.data.options.sources import read_chain
from orchestrate.domain.options.chain import Chain
from orchestrate.domain.options.settings import ChainSettings
from orchestrate.domain.results import Finding

FOLDER = Path(__file__).parents[4] / "shared" / "data" / "options"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the chains of ../shared/data/options are not here")
#: The bar that begins at half past nine in New York.
OPENING = int(np.datetime64("2015-12-24T14:30", "ns").astype(np.int64))
LAST = OPENING + 209 * 60 * 10**9
JANUARY = "2016-01-15"


def load(symbol: str, path: str, underlying: str, kind: str) -> tuple[Chain, tuple[Finding, ...]]:
    return read_chain(ChainSettings(symbol, path, underlying, kind, root=symbol), FOLDER)


@pytest.fixture(scope="module")
def google() -> tuple[Chain, tuple[Finding, ...]]:
    return load("GOOG", "lean/goog_20151224_quote_american.zip", "GOOG", "lean")


def test_the_minutes_of_a_day(google) -> None:
    chain, findings = google
    assert (len(chain), len(chain.contracts), len(chain.moments)) == (275_544, 2192, 211)
    view = chain.at(OPENING)
    assert view.expiries[0] == "2015-12-24"
    assert {one.message.split(",")[0].split(":")[0]: one.count for one in findings} == {
        "quotes are from after the expiry of their contracts": 8,
        "quotes have neither bid nor ask": 985,
        "quotes are locked": 2,
        "calls and puts of one strike break parity beyond their spreads": 4,
        "moments have no price of the underlying": 211,
    }


@pytest.mark.parametrize(
    ("legs", "expiry", "times", "before", "after"),
    [
        (
            [("put", 745, 1), ("put", 747.5, -1), ("call", 750, -1), ("call", 752.5, 1)],
            JANUARY,
            10,
            199_974.0,
            197_524.0,
        ),
        ([("call", 752.5, 1), ("put", 752.5, 1)], JANUARY, 10, 199_987.0, 197_787.0),
        ([("call", 745, 1), ("call", 750, -1)], "2016-06-17", 5, 199_995.5, 199_145.5),
    ],
    ids=["iron condor", "straddle", "bull call spread"],
)
def test_structures_come_to_what_lean_publishes(google, legs, expiry, times, before, after) -> None:
    """Each leg crosses the spread at the opening and is marked at the last mid; `before` is the capital less fees."""
    chain, _ = google
    view = chain.at(OPENING).expiring(expiry)
    worth = before
    for right, strike, ratio in legs:
        contract = view.pick(right, strike=strike)
        paid = chain.quote(contract, OPENING).price(buys=ratio > 0)
        marks = chain.marks(contract, np.zeros(len(chain.moments)))
        worth += 100 * times * ratio * (marks.at(int(np.searchsorted(chain.moments, LAST))).price - paid)
    assert round(worth, 2) == after


def test_index_options_of_a_week() -> None:
    weekly, _ = load("SPXW", "lean", "SPX", "lean")
    monthly, _ = load("SPX", "lean", "SPX", "lean")
    assert (len(weekly), len(weekly.contracts)) == (22_034, 24)
    first = monthly.at(int(monthly.moments[0])).contract(0)
    assert (first.symbol, first.settlement, first.style) == ("SPX 2021-01-15 C 3200", "am", "european")
    assert str(np.datetime64(first.expiry, "ns"))[:16] == "2021-01-15T14:30"
    assert weekly.at(int(weekly.moments[0])).contract(0).settlement == "pm"


def test_a_chain_through_a_split() -> None:
    chain, findings = load("AAPL", "AAPL_2014-06-06_chain.csv.gz", "AAPL", "csv")
    before, after = (chain.at(int(moment)) for moment in chain.moments)
    assert (before.spot, after.spot, len(before), len(after)) == (645.57, 93.7, 2352, 2180)
    assert (before.pick("call", moneyness=1.0).strike, after.nearest(32).pick("put", strike=93.0).strike) == (
        645.0,
        92.86,
    )
    assert any(one.message.startswith("the underlying moves by over 40%") for one in findings)
    assert after.expiring("2014-06-21").pick("put", strike=90.0).symbol == "AAPL 2014-06-21 P 90"
    assert after.expiring("2014-06-21").dte[0] == 11.0  # a Friday's close


def test_volatilities_of_apple_are_computed_from_the_middle_of_its_quotes() -> None:
    chain, _ = load("AAPL", "AAPL_2014-06-06_chain.csv.gz", "AAPL", "csv")
    view = replace(chain, pricing=pricing_of("american")).at(int(chain.moments[1])).nearest(40)
    near = np.abs(view.strike / view.spot - 1) < 0.1
    assert ((view.iv[near] > 0.15) & (view.iv[near] < 0.35)).all()
    call, put = (view.pick(right, delta=0.5) for right in ("call", "put"))
    assert abs(call.strike - view.spot) < 2
    assert view.greeks(call).delta - view.greeks(put).delta == pytest.approx(1.0, abs=0.1)
    assert view.sources("iv")[near].tolist() == ["american"] * int(near.sum())
