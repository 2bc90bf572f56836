"""Which contract a strategy gets for what it asks: by delta, strike, moneyness, or as a wing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from orchestrate.domain.options.quote import Quote
from orchestrate.domain.options.view import ChainView, Pricing
from tests.domain.options.chains import DAY, NONE, chain

NOW = 17570 * DAY
FEB, MAR = "2018-02-28", "2018-03-28"
STRIKES = (2600.0, 2650.0, 2700.0, 2750.0, 2800.0)
PUT_DELTAS = (-0.05, -0.15, -0.25, -0.5, -0.8)
CALL_DELTAS = (0.95, 0.85, 0.75, 0.5, 0.2)
ROWS = [(NOW, FEB, right, strike, 1.0, 2.0) for right in ("put", "call") for strike in STRIKES]
VIEW = chain(ROWS, delta=[*PUT_DELTAS, *CALL_DELTAS]).at(NOW)


@pytest.mark.parametrize(
    ("delta", "strike"),
    [
        (0.24, 2700.0),
        (-0.24, 2700.0),
        (0.2, 2650.0),  # 0.15 and 0.25 are equally far: the lower strike
        ((0.15, 0.22, 0.25), 2700.0),
        ((0.10, 0.20, 0.24), 2650.0),
        ((-0.25, -0.22, -0.15), 2700.0),
        ((0.3, 0.35, 0.4), None),
    ],
)
def test_a_put_by_its_delta(delta, strike):
    contract = VIEW.pick("put", delta=delta)
    assert (contract and contract.strike) == strike
    assert contract is None or contract.right == "put"


@pytest.mark.parametrize(("asked", "strike"), [(2700.0, 2700.0), (2720.0, 2700.0), (2725.0, 2700.0), (9999.0, 2800.0)])
def test_a_call_by_its_strike(asked, strike):
    contract = VIEW.pick("call", strike=asked)
    assert (contract.strike, contract.right, contract.expires_on) == (strike, "call", FEB)


def test_a_contract_by_its_moneyness():
    assert VIEW.pick("put", moneyness=0.98).strike == 2700.0  # of 2750
    assert VIEW.pick("call", moneyness=1.0).strike == 2750.0
    assert replace(VIEW, spot=NONE).pick("call", moneyness=1.0) is None


@pytest.mark.parametrize(
    ("right", "start", "width", "strike"),
    [
        ("put", 2700.0, 50, 2650.0),
        ("put", 2700.0, 40, 2650.0),
        ("put", 2700.0, 75, 2600.0),
        ("put", 2600.0, 50, None),
        ("call", 2700.0, 50, 2750.0),
        ("call", 2800.0, 50, None),
    ],
)
def test_a_wing_lies_beyond_its_short_leg(right, start, width, strike):
    wing = VIEW.pick(right, width_from=VIEW.pick(right, strike=start), width=width)
    assert (wing and wing.strike) == strike


def test_a_wing_has_the_expiry_of_its_short_leg():
    both = chain([*ROWS, (NOW, MAR, "put", 2690.0, 1.0, 2.0)]).at(NOW)
    short = both.expiring(FEB).pick("put", strike=2700.0)
    assert both.pick("put", width_from=short, width=10).strike == 2650.0


def test_of_two_expiries_that_are_equally_near_the_earlier_is_picked():
    both = chain([(NOW, MAR, "put", 2700.0, 1.0, 2.0), (NOW, FEB, "put", 2700.0, 1.0, 2.0)]).at(NOW)
    assert both.pick("put", strike=2700.0).expires_on == FEB


@pytest.mark.parametrize(("days", "expiry"), [(0, FEB), (34, FEB), (34.1, MAR), (400, MAR)])
def test_the_nearest_expiry_of_two_the_earlier(days, expiry):
    both = chain([(NOW, MAR, "put", 2700.0, 1.0, 2.0), (NOW, FEB, "put", 2700.0, 1.0, 2.0)]).at(NOW)
    assert both.nearest(days=days).expiries == (expiry,)
    assert both.expiring(MAR).dte.tolist() == [48.0]


def test_what_nobody_quotes_is_not_picked():
    rows = [(NOW, FEB, "put", 2700.0, NONE, NONE), (NOW, FEB, "put", 2600.0, 0.0, 0.05)]
    assert chain(rows).at(NOW).pick("put", strike=2700.0).strike == 2600.0
    assert chain(rows[:1]).at(NOW).pick("put", strike=2700.0) is None


@pytest.mark.parametrize(
    ("right", "asked", "message"),
    [
        ("P", {"strike": 2700.0}, "the right is 'call' or 'put', not 'P'"),
        ("put", {}, "give one of delta, strike, moneyness, width_from, not none"),
        ("put", {"strike": 1.0, "delta": 0.2}, "not delta and strike"),
        ("put", {"delta": (0.3, 0.2, 0.4)}, r"\(least, wanted, most\)"),
        ("put", {"delta": (0.3, 0.2)}, r"\(least, wanted, most\)"),
        ("put", {"width_from": VIEW.contract(0)}, "needs a width above 0, not None"),
        ("put", {"width_from": VIEW.contract(0), "width": -5.0}, "needs a width above 0, not -5"),
    ],
)
def test_what_can_not_be_meant_is_an_error(right, asked, message):
    with pytest.raises(ValueError, match=message):
        VIEW.pick(right, **asked)


def computed(view: ChainView) -> dict[str, np.ndarray]:
    return dict.fromkeys(("iv", "delta", "gamma", "theta", "vega"), view.strike / 1000)


def test_each_greek_is_the_vendors_where_it_has_one_and_says_so():
    view = chain(ROWS[:3], delta=[-0.05, NONE, -0.25]).at(NOW)
    assert np.isnan(view.iv).all()
    assert view.sources("delta").tolist() == ["vendor", "", "vendor"]
    priced = replace(view, pricing=Pricing("closed form", computed))
    assert priced.delta.tolist() == [-0.05, 2.65, -0.25]
    assert priced.sources("delta").tolist() == ["vendor", "closed form", "vendor"]
    assert priced.vega.tolist() == [2.6, 2.65, 2.7]
    assert priced.sources("theta").tolist() == ["closed form"] * 3


def test_a_chain_is_priced_once_and_its_parts_with_it():
    calls = []
    priced = replace(VIEW, pricing=Pricing("x", lambda view: calls.append(len(view)) or computed(view)))
    assert priced.iv.tolist() == (priced.strike / 1000).tolist()
    assert priced.puts.gamma.tolist() == [strike / 1000 for strike in STRIKES]
    assert calls == [10]


def test_what_a_view_says_of_one_contract():
    put = VIEW.pick("put", strike=2700.0)
    assert (VIEW.quote(put), VIEW.greeks(put).delta) == (Quote(1.0, 2.0), -0.25)
    assert np.isnan(VIEW.greeks(put).vega)
    other = replace(put, strike=1.0)
    assert np.isnan([VIEW.quote(other).bid, VIEW.greeks(other).delta]).all()


def test_open_interest_is_unknown_where_the_vendor_does_not_say():
    assert np.isnan(VIEW.open_interest).all()
    assert chain(ROWS[:1], open_interest=[500.0]).at(NOW).open_interest.tolist() == [500.0]


def test_a_view_says_what_it_is():
    assert repr(VIEW) == "ChainView(SPXW, 10 contracts, 1 expiries)"
